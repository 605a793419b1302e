"""CUBV2's reader on a hand-made folder in the layout of Choe et al.'s lists."""

import pytest
from PIL import Image

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.cubv2 import METADATA, read_cubv2

ALBATROSS, ANI = "001.Black_footed_Albatross", "004.Groove_billed_Ani"
LABELS = f"{ALBATROSS}/30.jpg,0\n{ALBATROSS}/31.jpg,0\n{ANI}/7.jpg,3\n{ANI}/8.jpg,3\n"
BOXES = f"{ALBATROSS}/30.jpg,10,20,29,49\n{ANI}/7.jpg,5,6,99,79\n{ANI}/8.jpg,1,1,2,2\n"


@pytest.fixture
def root(tmp_path):
    (tmp_path / METADATA).mkdir(parents=True)
    (tmp_path / METADATA / "class_labels.txt").write_text(LABELS)
    (tmp_path / METADATA / "localization.txt").write_text(BOXES)
    for name in (f"{ALBATROSS}/30", f"{ALBATROSS}/31", f"{ANI}/7"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", (100, 80)).save(tmp_path / f"{name}.jpg")
    return tmp_path


def test_labels_are_the_folders_of_cub_and_boxes_half_open(root):
    image_set = read_cubv2(root)
    assert [row[:5] for row in image_set.images] == [
        (f"{ALBATROSS}/30", f"{ALBATROSS}/30.jpg", ALBATROSS, 100, 80),
        (f"{ALBATROSS}/31", f"{ALBATROSS}/31.jpg", ALBATROSS, 100, 80),
        (f"{ANI}/7", f"{ANI}/7.jpg", ANI, 100, 80),
    ]
    assert image_set.boxes == [
        (f"{ALBATROSS}/30", ALBATROSS, 10, 20, 30, 50),
        (f"{ANI}/7", ANI, 5, 6, 100, 80),
    ]
    assert image_set.classes == [
        (ALBATROSS, 1, "Black footed Albatross"),
        (ANI, 4, "Groove billed Ani"),
    ]
    assert image_set.summary.notes == ["1 image of the list not found."]
    assert image_set.summary.box_notes == ["1 image without a box."]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (f"{ALBATROSS}/30.jpg,1", f"line 1: {ALBATROSS} is not class 1"),
        (f"{ALBATROSS}/30.jpg,x", f"line 1: {ALBATROSS} is not class x"),
        (f"{ALBATROSS}/30.jpg,0,5", f"line 1: {ALBATROSS} is not class 0,5"),
        (f"{ALBATROSS}/30.jpg,0\n001.Other/1.jpg,0", "line 2: class 0 has two folders"),
        (f"{ALBATROSS}/nowhere.jpg,0", "none of the images in metadata/val"),
    ],
)
def test_a_damaged_list_is_named_with_its_line(root, line, message):
    (root / METADATA / "class_labels.txt").write_text(f"{line}\n")
    with pytest.raises(InputError, match=message):
        read_cubv2(root)
