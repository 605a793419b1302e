"""Places205's reader on hand-made folders in the official layout."""

import pytest
from PIL import Image

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.manifest import CLASS_COLUMNS, read_csv, read_images
from pipeline_lib.data.places205 import IMAGES, LISTS, read_places205
from pipeline_lib.steps.data import index

LINES = {
    "val": "a/abbey/gsun_b.jpg 0\n/a/airport_terminal/gsun_a.jpg 1\na/abbey/gsun_c.jpg 0\n",
    "train": "y/yard/gsun_y.jpg 204\n",
    "test": "testSet_resize/4.jpg\ntestSet_resize/9.jpg\n",
}
THERE = ("a/abbey/gsun_b", "a/airport_terminal/gsun_a", "y/yard/gsun_y", "testSet_resize/9")


@pytest.fixture
def root(tmp_path):
    (tmp_path / LISTS).mkdir()
    for part, lines in LINES.items():
        (tmp_path / LISTS / f"{part}_places205.csv").write_text(lines)
    for name in THERE:
        path = tmp_path / IMAGES / f"{name}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (256, 200)).save(path)
    return tmp_path


def test_labels_are_numbers_and_names_are_folders(root):
    image_set = read_places205(root, "val")
    assert image_set.images == [
        ("a/abbey/gsun_b", f"{IMAGES}/a/abbey/gsun_b.jpg", "0", 256, 200, 0),
        ("a/airport_terminal/gsun_a", f"{IMAGES}/a/airport_terminal/gsun_a.jpg", "1", 256, 200, 0),
    ]
    assert image_set.classes == [("0", 0, "abbey"), ("1", 1, "airport terminal")]
    assert image_set.summary.expected == 20_500
    assert image_set.summary.notes == ["1 image of the official list not found."]


def test_training_images_are_not_opened_and_test_images_have_no_label(root):
    (root / IMAGES / "y/yard/gsun_y.jpg").write_bytes(b"")
    ((_, _, *row),) = read_places205(root, "train").images
    assert row == ["204", "", "", 0]
    image_set = read_places205(root, "test")
    assert [(row[0], row[2]) for row in image_set.images] == [("testSet_resize/9", "")]
    assert image_set.classes == []


def test_index_writes_its_manifest(root, tmp_path):
    tables = [tmp_path / f"{name}.csv" for name in ("images", "boxes", "classes")]
    flags = [f"--{path.stem}={path}" for path in tables]
    assert index.main(["--layout", "places205-val", "--root", str(root), *flags]) == 0
    assert list(read_images(tables[0])["label"]) == ["0", "1"]
    assert list(read_csv(tables[2], CLASS_COLUMNS)["name"]) == ["abbey", "airport terminal"]


@pytest.mark.parametrize("line", ["a/abbey/gsun_b.jpg", "a/abbey/gsun_b.jpg 205", "x.jpg abbey"])
def test_a_line_of_something_else_is_refused(root, line):
    path = root / LISTS / "val_places205.csv"
    path.write_text(LINES["val"] + line + "\n")
    with pytest.raises(InputError, match=r"val_places205\.csv: line 4 is .*unpack it again"):
        read_places205(root, "val")


def test_what_is_not_there_is_said(root):
    for name in THERE[:2]:
        (root / IMAGES / f"{name}.jpg").unlink()
    with pytest.raises(InputError, match=r"images256: none of the images in .*val_places205"):
        read_places205(root, "val")
    (root / LISTS / "val_places205.csv").unlink()
    with pytest.raises(InputError, match=r"val_places205\.csv: not found"):
        read_places205(root, "val")
