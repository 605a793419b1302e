"""The twin of COCO's captions: its layout, and the truth behind its captions."""

import json

import pytest
from PIL import Image

from pipeline_lib.data.discovery.captions import read_coco_captions
from pipeline_lib.data.synthetic.captioned import CAPTIONS, PLANTED, SPLITS
from pipeline_lib.discovery.phrases import having
from pipeline_lib.steps.data import synthesize

from .conftest import tree


def draw(folder, processes):
    flags = ["--layout", "concepts", "--seed", 4, "--processes", processes, "--out", folder]
    assert synthesize.main([str(flag) for flag in flags]) == 0
    return folder


@pytest.fixture(scope="module")
def twin(tmp_path_factory):
    return draw(tmp_path_factory.mktemp("twin") / "concepts", 1)


def test_it_has_cocos_layout(twin):
    assert {path.name for path in twin.iterdir()} == {"coco", "planted.json"}
    ids = set()
    for split, count in SPLITS.items():
        path = twin / "coco" / "annotations" / f"captions_{split}.json"
        content = json.loads(path.read_text())
        names = {one["file_name"]: one for one in content["images"]}
        files = sorted((twin / "coco" / split).iterdir())
        assert sorted(names) == [file.name for file in files]
        assert len(names) == count
        for file in files[::20]:
            one = names[file.name]
            assert Image.open(file).size == (one["width"], one["height"])
            assert file.name == f"COCO_{split}_{one['id']:012}.jpg"
        ids |= {one["id"] for one in content["images"]}
        captioned = [one["image_id"] for one in content["annotations"]]
        assert sorted(captioned) == sorted(ids_of(content) * CAPTIONS)
    assert len(ids) == sum(SPLITS.values())


def ids_of(content):
    return [one["id"] for one in content["images"]]


def test_planted_names_are_said_of_what_is_shown_but_for_some_errors(twin):
    found = read_coco_captions(twin)
    truth = json.loads((twin / "planted.json").read_text())
    captions = found.annotations.groupby("image_id")["caption"].agg(list)
    has = having(list(captions), list(PLANTED))
    total = len(found.images)
    for phrase, column in zip(PLANTED, has.T, strict=True):
        named = set(captions.index[column])
        shown, wrong = (set(truth[phrase][key]) for key in ("shown", "wrongly named"))
        assert not shown & wrong
        assert total / 6 < len(shown) < total / 2
        assert 0 < len(wrong) < len(shown) / 4
        assert len(named & shown) > 0.9 * len(shown)
        assert named <= shown | wrong


def test_the_seed_decides_every_byte_whatever_the_processes(twin, tmp_path):
    assert tree(twin) == tree(draw(tmp_path / "concepts", 2))
