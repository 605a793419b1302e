"""The synthetic COCO captions: their layout, and the ground truth behind them."""

import json

import pytest
from PIL import Image

from pipeline_lib.data.discovery.captions import read_coco_captions
from pipeline_lib.data.synthetic.captions import CAPTIONS_PER_IMAGE, IMAGES_PER_SPLIT, PLANTED
from pipeline_lib.discovery.phrases import phrase_matrix
from pipeline_lib.steps.data import synthesize

from .conftest import tree


def draw(folder, processes):
    flags = ["--layout", "concepts", "--seed", 4, "--processes", processes, "--out", folder]
    assert synthesize.main([str(flag) for flag in flags]) == 0
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return draw(tmp_path_factory.mktemp("drawn") / "concepts", 1)


def test_it_has_cocos_layout(folder):
    assert {path.name for path in folder.iterdir()} == {"coco", "planted.json"}
    ids = set()
    for split, count in IMAGES_PER_SPLIT.items():
        path = folder / "coco" / "annotations" / f"captions_{split}.json"
        content = json.loads(path.read_text())
        names = {one["file_name"]: one for one in content["images"]}
        files = sorted((folder / "coco" / split).iterdir())
        assert sorted(names) == [file.name for file in files]
        assert len(names) == count
        for file in files[::20]:
            one = names[file.name]
            assert Image.open(file).size == (one["width"], one["height"])
            assert file.name == f"COCO_{split}_{one['id']:012}.jpg"
        ids |= {one["id"] for one in content["images"]}
        captioned = [one["image_id"] for one in content["annotations"]]
        assert sorted(captioned) == sorted(ids_of(content) * CAPTIONS_PER_IMAGE)
    assert len(ids) == sum(IMAGES_PER_SPLIT.values())


def ids_of(content):
    return [one["id"] for one in content["images"]]


def test_planted_names_are_said_of_what_is_shown_but_for_some_errors(folder):
    image_set = read_coco_captions(folder)
    truth = json.loads((folder / "planted.json").read_text())
    captions = image_set.annotations.groupby("image_id")["caption"].agg(list)
    has = phrase_matrix(list(captions), list(PLANTED))
    total = len(image_set.images)
    for phrase, column in zip(PLANTED, has.T, strict=True):
        named = set(captions.index[column])
        shown, wrong = (set(truth[phrase][key]) for key in ("shown", "wrongly named"))
        assert not shown & wrong
        assert total / 6 < len(shown) < total / 2
        assert 0 < len(wrong) < len(shown) / 4
        assert len(named & shown) > 0.9 * len(shown)
        assert named <= shown | wrong


def test_the_seed_decides_every_byte_whatever_the_processes(folder, tmp_path):
    assert tree(folder) == tree(draw(tmp_path / "concepts", 2))
