import pytest
from PIL import Image

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.manifest import MASK_COLUMNS, write_rows
from pipeline_lib.data.masks import MaskFiles, read_mask_table
from pipeline_lib.data.transfer.birds import read_cub
from pipeline_lib.data.transfer.sets import split_spec

SPECIES = ("001.Black_footed_Albatross", "002.Laysan_Albatross", "003.Owl")
NAMES = [f"{species}/Bird_{i:04}.jpg" for species in SPECIES for i in range(4)]


def write(root, name, rows):
    (root / f"{name}.txt").write_text("".join(f"{i} {row}\n" for i, row in enumerate(rows, 1)))


@pytest.fixture
def root(tmp_path):
    for i, name in enumerate(NAMES):
        (tmp_path / "images" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (50 + i, 40)).save(tmp_path / "images" / name)
    write(tmp_path, "images", NAMES)
    write(tmp_path, "classes", [*SPECIES, "004.Unseen_Bird"])
    write(tmp_path, "image_class_labels", [1 + i // 4 for i in range(12)])
    write(tmp_path, "train_test_split", [1, 0, 1, 0] * 3)
    write(tmp_path, "bounding_boxes", [f"{i}.0 2.5 30.0 20.25" for i in range(12)])
    return tmp_path


def read(root):
    return read_cub(root, split_spec("cub"))


def test_the_tables_are_joined_by_ids_from_1(root):
    image_set = read(root)
    assert image_set.images[5] == (NAMES[5], f"images/{NAMES[5]}", SPECIES[1], 55, 40, 0)
    assert image_set.classes == [
        (SPECIES[0], 1, "Black footed Albatross"),
        (SPECIES[1], 2, "Laysan Albatross"),
        (SPECIES[2], 3, "Owl"),
    ]
    assert [row[2] for row in image_set.splits if row[1] == "train"] == NAMES[::2]
    assert [row[2] for row in image_set.splits if row[1] == "test"] == NAMES[1::2]


def test_boxes_are_half_open_corners(root):
    assert read(root).boxes[5] == (NAMES[5], SPECIES[1], 5.0, 2.5, 35.0, 22.75)


def test_tables_in_another_order_say_the_same(root):
    expected = read(root)
    for name in ("image_class_labels", "train_test_split", "bounding_boxes", "classes"):
        path = root / f"{name}.txt"
        path.write_text("\n".join(reversed(path.read_text().splitlines())))
    assert read(root) == expected


def test_some_of_the_images_are_enough(root):
    for name in NAMES[4:9]:  # all of the second species, one of the third
        (root / "images" / name).unlink()
    image_set = read(root)
    assert [row[0] for row in image_set.images] == NAMES[:4] + NAMES[9:]
    assert [row[0] for row in image_set.boxes] == NAMES[:4] + NAMES[9:]
    assert [row[0] for row in image_set.classes] == [SPECIES[0], SPECIES[2]]
    assert image_set.summary.notes == [
        "7 images and 2 classes found instead of 11,788 and 200.",
        "A split trains on 3 images instead of 5,994 and tests on 4 instead of 5,794.",
        "5 images of the official lists not found.",
    ]


@pytest.mark.parametrize("below", [".", ".."], ids=["inside", "beside"])
def test_segmentations_inside_the_set_or_beside_it_are_its_masks(root, below):
    assert read(root).masks == []
    set_root = root / "CUB_200_2011"
    set_root.mkdir()
    for path in list(root.iterdir()):
        if path != set_root:
            path.rename(set_root / path.name)
    masks = [f"segmentations/{name.removesuffix('.jpg')}.png" for name in NAMES]
    for path in masks[:-1]:  # the last image has none
        (set_root / below / path).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (50, 40)).save(set_root / below / path)
    found = read(set_root).masks
    assert [row[::2] for row in found] == [(name, "") for name in NAMES[:-1]]
    prefix = "" if below == "." else "../"
    assert [row[1] for row in found] == [f"{prefix}{path}" for path in masks[:-1]]
    assert all((set_root / row[1]).is_file() for row in found)


def test_of_a_linked_set_the_masks_beside_the_link_count(root, tmp_path):
    target, link = tmp_path / "elsewhere" / "birds", tmp_path / "data" / "CUB_200_2011"
    files = list(root.iterdir())
    (target.parent / "segmentations").mkdir(parents=True)
    for folder in (target, link.parent):
        folder.mkdir()
    for path in files:
        path.rename(target / path.name)
    link.symlink_to(target)
    assert read(link).masks == []
    path = link.parent / "segmentations" / f"{NAMES[0].removesuffix('.jpg')}.png"
    path.parent.mkdir(parents=True)
    Image.new("L", (50, 40), 255).save(path)
    write_rows(tmp_path / "masks.csv", MASK_COLUMNS, read(link).masks)
    files = read_mask_table(tmp_path / "masks.csv", link)
    assert files == {NAMES[0]: MaskFiles((path,), ())}


@pytest.mark.parametrize(
    "table",
    ["images", "classes", "image_class_labels", "train_test_split", "bounding_boxes"],
)
@pytest.mark.parametrize("line", ["x y", "3", "3 1 2", "\xff", "2 1"])
def test_a_malformed_line_is_refused(root, refused, table, line):
    path = root / f"{table}.txt"
    path.write_text(path.read_text() + line + "\n")
    refused(read_cub, root, split_spec("cub"), path, "is not 'id")


@pytest.mark.parametrize(
    "box", ["1 2 0 4", "1 2 3 -4", "nan 2 3 4", "1 2 inf 4", "1 2 3", "1 2 3 4 5"]
)
def test_a_box_that_is_none_is_refused(root, refused, box):
    write(root, "bounding_boxes", [box] * 12)
    refused(
        read_cub, root, split_spec("cub"), "bounding_boxes.txt", f"1 {box}", "id x y width height"
    )


@pytest.mark.parametrize("box", ["90 2 5 5", "2 40 5 5", "-9 2 5 5", "2 -5 5 5"])
def test_a_box_outside_its_image_is_refused(root, refused, box):
    write(root, "bounding_boxes", [box] * 12)
    refused(read_cub, root, split_spec("cub"), "bounding_boxes.txt", NAMES[0], "50 x 40")


@pytest.mark.parametrize(
    "table", ["classes", "image_class_labels", "train_test_split", "bounding_boxes"]
)
def test_an_image_without_a_line_in_a_table_is_refused(root, refused, table):
    path = root / f"{table}.txt"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:2]))
    refused(read_cub, root, split_spec("cub"), path, "has no line for 3")


@pytest.mark.parametrize(
    "table",
    ["images", "classes", "image_class_labels", "train_test_split", "bounding_boxes"],
)
def test_a_missing_table_is_refused(root, refused, table):
    (root / f"{table}.txt").unlink()
    refused(read_cub, root, split_spec("cub"), root / f"{table}.txt", "not found")


def test_an_image_that_is_listed_for_both_subsets_is_refused(root, refused):
    write(root, "images", [NAMES[1], *NAMES[1:]])
    refused(
        read_cub, root, split_spec("cub"), "train_test_split.txt", NAMES[1], "in train and in test"
    )


def test_a_spoiled_image_and_no_image_are_refused(root, refused):
    (root / "images" / NAMES[3]).write_bytes(b"no image")
    refused(read_cub, root, split_spec("cub"), NAMES[3])
    (root / "images").rename(root / "elsewhere")
    with pytest.raises(InputError, match=r"no image of images\.txt"):
        read(root)
