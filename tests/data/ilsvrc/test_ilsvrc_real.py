"""The reader on 650 real val images, squashed to 227x227, and on the devkit's labels of all."""

import shutil
from collections import defaultdict

import numpy as np
import pytest
import scipy.io
from PIL import Image

from pipeline_lib.data.classes import imagenet_labels
from pipeline_lib.data.ilsvrc import read_val

LABELS = "ILSVRC2012_devkit_t12/data/ILSVRC2012_validation_ground_truth.txt"


@pytest.fixture(scope="module")
def root(real_data):
    return real_data / "ilsvrc"


@pytest.fixture(scope="module")
def val(root):
    return read_val(root, 50_000)


@pytest.fixture(scope="module")
def authors(real_data):
    """The authors' own ground truth: for every val image its objects."""
    path = real_data / "cam_authors" / "cache_groundtruth.mat"
    return scipy.io.loadmat(path, squeeze_me=True)["rec"]["objects"]


def objects(authors, image_id):
    """Return the labels (ILSVRC2012_ID) and the inclusive boxes of an image."""
    entries = np.atleast_1d(authors[int(image_id[-8:]) - 1])
    return [int(one["label"]) for one in entries], np.array([one["bbox"] for one in entries], float)


def test_the_part_of_val_that_is_there_is_found(val):
    assert val.summary.found == len(val.images) == 650
    assert val.summary.expected == 50_000
    assert val.summary.notes == ["650 of 50,000 val images found."]
    assert any(note.startswith("No blacklist") for note in val.summary.box_notes)
    assert {row[3:5] for row in val.images} == {(227, 227)}
    assert {row[0] for row in val.boxes} == {row[0] for row in val.images}


def test_there_are_a_thousand_classes_and_no_inner_synset(val):
    assert len(val.classes) == 1000
    assert sorted(number for _, number, _ in val.classes) == list(range(1, 1001))
    assert val.classes[0][0] == "n01440764"  # tench
    assert val.classes[0][2].startswith("tench")
    assert val.classes[-1][0] == "n15075141"  # toilet tissue


def test_the_devkits_classes_are_those_of_the_ready_trained_networks_in_their_order(val):
    assert [wnid for wnid, _, _ in val.classes] == imagenet_labels()


def test_val_image_1_is_id_490_and_65_in_sorted_order(root, val, tmp_path):
    assert (root / LABELS).read_text().split()[0] == "490"
    assert [number for _, number, _ in val.classes].index(490) == 65
    (tmp_path / "val").mkdir()
    Image.new("RGB", (8, 6)).save(tmp_path / "val" / "ILSVRC2012_val_00000001.JPEG")
    shutil.copytree(root / "ILSVRC2012_devkit_t12", tmp_path / "ILSVRC2012_devkit_t12")
    ((_, _, label, *_),) = read_val(tmp_path, 50_000).images
    assert label == val.classes[65][0]


def test_every_box_has_an_area_inside_its_image(val):
    boxes = np.array([row[2:] for row in val.boxes], float)
    assert (boxes[:, 2:] > boxes[:, :2]).all()
    assert boxes.min() >= 0
    assert boxes.max() <= 228  # the squashed inclusive corners may round up to the border itself


def test_labels_are_the_authors(val, authors):
    id_of = {wnid: number for wnid, number, _ in val.classes}
    for image_id, _, label, *_ in val.images:
        assert set(objects(authors, image_id)[0]) == {id_of[label]}


def test_boxes_are_the_authors_after_squashing_each_side(val, authors):
    boxes_of = defaultdict(list)
    for image_id, _, *box in val.boxes:
        boxes_of[image_id].append(box)
    for image_id, boxes in boxes_of.items():
        _, original = objects(authors, image_id)
        original = original + (0, 0, 1, 1)
        assert len(boxes) == len(original), image_id
        for axis in (0, 1):
            there, here = original[:, axis::2].ravel(), np.array(boxes)[:, axis::2].ravel()
            scale = (there @ here) / (there @ there)  # the original size is nowhere written down
            assert np.abs(here - scale * there).max() < 2, image_id
