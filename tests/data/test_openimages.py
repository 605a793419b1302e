"""OpenImages30k's reader on hand-made folders in the layout of its lists."""

import pytest
from PIL import Image

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import read_json
from pipeline_lib.data.manifest import (
    CLASS_COLUMNS,
    MASK_COLUMNS,
    SPLIT_COLUMNS,
    read_csv,
    read_images,
)
from pipeline_lib.data.masks import read_mask_table, read_masks
from pipeline_lib.data.openimages import read_openimages
from pipeline_lib.steps.data import index

TWO, ONE, GONE = "val/0bt_c3/a1.jpg", "val/01226z/b2.jpg", "val/01226z/c3.jpg"
LOCALIZATION = (
    "val/0bt_c3/a1.jpg,val/0bt_c3/a1_m0bt_c3_77.png,val/0bt_c3/a1_ignore.png\n"
    "val/0bt_c3/a1.jpg,val/0bt_c3/a1_m0bt_c3_78.png,\n"
    "val/01226z/b2.jpg,val/01226z/b2_m01226z_1.png,\n"
    "val/01226z/c3.jpg,val/01226z/c3_m01226z_5.png,val/01226z/c3_ignore.png\n"
)
MASKS = ("0bt_c3/a1_m0bt_c3_77", "0bt_c3/a1_m0bt_c3_78", "0bt_c3/a1_ignore", "01226z/b2_m01226z_1")


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "openimages30k"
    lists = root / "metadata" / "val"
    lists.mkdir(parents=True)
    (lists / "image_ids.txt").write_text(f"{TWO}\n{ONE}\n{GONE}\n")
    (lists / "class_labels.txt").write_text(f"{ONE},0\n{GONE},0\n{TWO},11\n")
    (lists / "localization.txt").write_text(LOCALIZATION)
    for name in (TWO, ONE):
        (root / name).parent.mkdir(parents=True)
        Image.new("RGB", (64, 48)).save(root / name)
    for number, name in enumerate(MASKS):
        mask = Image.new("1", (128, 96))
        mask.paste(1, (10 * number, 0, 10 * number + 10, 96))
        mask.save(root / "val" / f"{name}.png")
    return root


def test_images_classes_and_masks(root):
    image_set = read_openimages(root, "val")
    assert image_set.images == [(TWO, TWO, "11", 64, 48, 0), (ONE, ONE, "0", 64, 48, 0)]
    assert image_set.classes == [("0", 0, "/m/01226z"), ("11", 11, "/m/0bt_c3")]
    assert image_set.boxes == []
    assert image_set.masks == [tuple(line.split(",")) for line in LOCALIZATION.split("\n")[:3]]
    assert (image_set.summary.data_set, image_set.summary.expected) == ("OpenImages30k val", 2500)
    assert image_set.summary.notes == ["1 image of the official list not found."]


def test_index_writes_a_manifest_whose_masks_can_be_read(root, tmp_path):
    tables = {name: tmp_path / f"{name}.csv" for name in ("images", "boxes", "masks", "classes")}
    flags = [f"--{name}={path}" for name, path in tables.items()]
    assert index.main(["--layout", "openimages30k-val", "--root", str(root), *flags]) == 0
    assert read_images(tables["images"])["image_id"].tolist() == [TWO, ONE]
    assert read_csv(tables["classes"], CLASS_COLUMNS)["id"].tolist() == [0, 11]
    assert read_csv(tables["masks"], MASK_COLUMNS)["ignore"].tolist()[1:] == ["", ""]
    files = read_mask_table(tables["masks"], root)
    assert list(files) == [TWO, ONE]
    mask, ignored = read_masks(files[TWO], (64, 48), (64, 48))
    assert mask[0].nonzero()[0].tolist() == list(range(10))
    assert ignored[0].nonzero()[0].tolist() == list(range(10, 15))


def test_training_images_are_not_opened_and_have_no_masks(root):
    lists = root / "metadata" / "train"
    lists.mkdir()
    (lists / "image_ids.txt").write_text("train/0bt_c3/t.jpg\n")
    (lists / "class_labels.txt").write_text("train/0bt_c3/t.jpg,11\n")
    (root / "train" / "0bt_c3").mkdir(parents=True)
    (root / "train" / "0bt_c3" / "t.jpg").write_bytes(b"")
    image_set = read_openimages(root, "train")
    assert image_set.images == [("train/0bt_c3/t.jpg", "train/0bt_c3/t.jpg", "11", "", "", 0)]
    assert image_set.masks == image_set.summary.notes == []


def test_a_missing_mask_is_refused_and_without_any_nothing_is_masked(root, tmp_path):
    (root / "val" / f"{MASKS[1]}.png").unlink()
    with pytest.raises(InputError, match=r"a1_m0bt_c3_78\.png: not found; unpack the masks"):
        read_openimages(root, "val")
    out = tmp_path / "masks.csv"
    flags = ["--images", str(tmp_path / "images.csv"), "--masks", str(out), "--unreadable", "skip"]
    assert index.main(["--layout", "openimages30k-val", "--root", str(root), *flags]) == 0
    assert list(read_mask_table(out, root)) == [ONE]  # not half of the other image's objects
    for name in MASKS:
        (root / "val" / f"{name}.png").unlink(missing_ok=True)
    image_set = read_openimages(root, "val")
    assert image_set.masks == []
    assert image_set.summary.notes[1:] == ["No mask found: nothing is measured on pixels."]


@pytest.mark.parametrize(
    ("table", "line", "words"),
    [
        ("class_labels.txt", "val/0bt_c3/a1.jpg,100", "not a path and a number below 100"),
        ("class_labels.txt", "val/0bt_c3/a1.jpg", "not a path and a number below 100"),
        ("localization.txt", "val/0bt_c3/a1.jpg,val/m.png", "is not 'path,mask,ignore'"),
        ("localization.txt", "val/0bt_c3/a1.jpg,1,2,3,4", "is not 'path,mask,ignore'"),
        ("localization.txt", "val/0bt_c3/a1.jpg,,", "is not 'path,mask,ignore'"),
        ("image_ids.txt", "val/0bt_c3/d4.jpg", "has no line for val/0bt_c3/d4.jpg"),
    ],
)
def test_a_malformed_list_is_refused(root, table, line, words):
    path = root / "metadata" / "val" / table
    path.write_text(f"{path.read_text()}{line}\n")
    with pytest.raises(InputError, match=words) as raised:
        read_openimages(root, "val")
    assert str(raised.value).startswith(str(path.parent))
    assert len(str(raised.value).splitlines()) == 1


def test_train_and_test_are_one_split_and_the_test_images_have_masks(root, tmp_path):
    train, test = root / "metadata" / "train", root / "metadata" / "test"
    (root / "metadata" / "val").rename(test)
    train.mkdir()
    (train / "image_ids.txt").write_text("train/01226z/d.jpg\ntrain/05r5c/e.jpg\n")
    (train / "class_labels.txt").write_text("train/01226z/d.jpg,0\ntrain/05r5c/e.jpg,7\n")
    for name in ("train/01226z/d.jpg", "train/05r5c/e.jpg"):
        (root / name).parent.mkdir(parents=True)
        Image.new("RGB", (32, 24)).save(root / name)
    names = ("images", "masks", "splits", "classes", "summary")
    tables = {name: tmp_path / f"{name}.csv" for name in names}
    flags = [f"--{name}={path}" for name, path in tables.items()]
    assert index.main(["--layout", "openimages30k", "--root", str(root), *flags]) == 0
    images = read_images(tables["images"]).set_index("image_id")
    assert images.loc["train/05r5c/e.jpg", ["label", "width"]].tolist() == ["7", 32]
    splits = read_csv(tables["splits"], SPLIT_COLUMNS)
    assert list(zip(splits["subset"], splits["image_id"], splits["label"], strict=True)) == [
        ("train", "train/01226z/d.jpg", "0"),
        ("train", "train/05r5c/e.jpg", "7"),
        ("test", TWO, "11"),
        ("test", ONE, "0"),
    ]
    assert splits["split"].nunique() == 1
    assert set(read_csv(tables["masks"], MASK_COLUMNS)["image_id"]) == {TWO, ONE}
    assert read_csv(tables["classes"], CLASS_COLUMNS)["id"].tolist() == [0, 7, 11]
    summary = read_json(tables["summary"])
    assert (summary["found"], summary["expected"]) == (4, 34_819)
    assert summary["notes"] == ["test: 1 image of the official list not found."]


@pytest.mark.parametrize("table", ["image_ids.txt", "class_labels.txt"])
def test_a_missing_list_and_no_image_are_refused(root, table):
    for name in (TWO, ONE):
        (root / name).unlink()
    with pytest.raises(InputError, match="none of the images in"):
        read_openimages(root, "val")
    (root / "metadata" / "val" / table).unlink()
    with pytest.raises(InputError, match=f"{table}: not found"):
        read_openimages(root, "val")
