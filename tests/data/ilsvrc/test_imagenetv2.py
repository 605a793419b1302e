"""ImageNetV2's reader on a hand-made folder in the layout of Choe et al.'s lists."""

import pytest
import scipy.io
from PIL import Image

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.imagenetv2 import METADATA, read_imagenetv2
from pipeline_lib.data.manifest import BOX_COLUMNS, read_csv
from pipeline_lib.steps.data import index
from tests.data.ilsvrc.devkit import DEVKIT

LABELS = "val2/0/0.jpeg,0\nval2/0/1.jpeg,0\nval2/3/0.jpeg,3\nval2/3/9.jpeg,3\n"
BOXES = "val2/0/0.jpeg,10,20,29,49\nval2/0/0.jpeg,0,0,99,79\nval2/3/0.jpeg,5,6,7,8\n"


@pytest.fixture
def root(world):
    (world / METADATA).mkdir(parents=True)
    (world / METADATA / "class_labels.txt").write_text(LABELS)
    (world / METADATA / "localization.txt").write_text(BOXES)
    for name in ("0/0", "0/1", "3/0"):
        path = world / "val2" / f"{name}.jpeg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (100, 80)).save(path)
    return world


def all_wnids(world):
    """The WNIDs of the 1,000 classes in their order, straight from the devkit."""
    synsets = scipy.io.loadmat(world / DEVKIT / "meta.mat", squeeze_me=True)["synsets"]
    return sorted(str(row["WNID"]) for row in synsets if row["num_children"] == 0)


def test_labels_are_wnids_in_their_order_and_boxes_half_open(root):
    image_set = read_imagenetv2(root)
    wnids = all_wnids(root)
    assert [(name, label) for name, _, label, *_ in image_set.images] == [
        ("val2/0/0", wnids[0]),
        ("val2/0/1", wnids[0]),
        ("val2/3/0", wnids[3]),
    ]
    assert image_set.boxes == [
        ("val2/0/0", wnids[0], 10, 20, 30, 50),
        ("val2/0/0", wnids[0], 0, 0, 100, 80),
        ("val2/3/0", wnids[3], 5, 6, 8, 9),
    ]
    assert image_set.summary.notes == ["1 image of the list not found."]
    assert image_set.summary.box_notes == ["1 image without a box."]


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("class_labels.txt", "val2/0/0.jpeg,0,1\n", "line 1 has 3 values, not 2"),
        ("class_labels.txt", "val2/0/0.jpeg,1000\n", "line 1: class '1000' is none of the"),
        ("localization.txt", "val2/0/0.jpeg,1,2,3\n", "line 1 has 4 values, not 5"),
        ("localization.txt", "val2/0/0.jpeg,1,2,x,4\n", "line 1: 1,2,x,4 is no box"),
        ("localization.txt", "val2/0/0.jpeg,1,2,300,4\n", "is not in its image of 100x80"),
        ("localization.txt", "val2/0/0.jpeg,9,2,3,4\n", "is not in its image of 100x80"),
    ],
)
def test_a_damaged_list_is_named_with_its_line(root, file, text, message):
    (root / METADATA / file).write_text(text)
    with pytest.raises(InputError, match=message):
        read_imagenetv2(root)


def test_index_writes_the_manifest(root, tmp_path):
    flags = {"--images": "images.csv", "--boxes": "boxes.csv", "--classes": "classes.csv"}
    words = [word for flag, name in flags.items() for word in (flag, str(tmp_path / name))]
    code = index.main(["--layout", "ilsvrc-val2", "--root", str(root), "--expected", "20", *words])
    assert code == 0
    assert len(read_csv(tmp_path / "boxes.csv", BOX_COLUMNS)) == 3
