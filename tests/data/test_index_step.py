import json
import shutil

import pandas as pd
import pytest
from PIL import Image

from pipeline_lib import index
from pipeline_lib.data.manifest import read_images


def flags(folder, **values):
    names = {"images": "images.csv", "boxes": "boxes.csv", "classes": "classes.csv"}
    names |= {"summary": "summary.json"}
    shared = [item for name, file in names.items() for item in (f"--{name}", str(folder / file))]
    return shared + [item for name, value in values.items() for item in (f"--{name}", str(value))]


def test_a_manifest_of_val_is_written_with_its_summary(tiny_world, tmp_path):
    made = flags(tmp_path, layout="ilsvrc-val", root=tiny_world, expected=20)
    assert index.main(made) == 0
    images = pd.read_csv(tmp_path / "images.csv")
    boxes = pd.read_csv(tmp_path / "boxes.csv")
    assert len(images) == 20
    assert set(boxes["image_id"]) == set(images["image_id"])
    assert len(pd.read_csv(tmp_path / "classes.csv")) == 10
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert (summary["found"], summary["expected"]) == (20, 20)
    assert summary["notes"] == []
    (blacklist,) = summary["box_notes"]
    assert "blacklist" in blacklist


def test_a_manifest_of_train_is_written(tiny_world, tmp_path):
    assert index.main(flags(tmp_path, layout="ilsvrc-train", root=tiny_world)) == 0
    images = pd.read_csv(tmp_path / "images.csv")
    assert len(images) == 24
    assert all((tiny_world / path).is_file() for path in images["path"])
    assert pd.read_csv(tmp_path / "boxes.csv").empty


def test_a_manifest_of_test_has_no_labels_and_no_boxes(tiny_world, tmp_path):
    world = shutil.copytree(tiny_world, tmp_path / "world")
    (world / "test").mkdir()
    for number in (2, 1):
        Image.new("RGB", (30, 40 + number)).save(
            world / "test" / f"ILSVRC2012_test_{number:08d}.JPEG"
        )
    assert index.main(flags(tmp_path, layout="ilsvrc-test", root=world)) == 0
    images = read_images(tmp_path / "images.csv")
    assert list(images["image_id"]) == [f"ILSVRC2012_test_{number:08d}" for number in (1, 2)]
    assert list(images["label"]) == ["", ""]
    assert images[["width", "height"]].to_numpy().tolist() == [[30, 41], [30, 42]]
    assert pd.read_csv(tmp_path / "boxes.csv").empty
    assert len(pd.read_csv(tmp_path / "classes.csv")) == 10
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert (summary["found"], summary["expected"]) == (2, None)
    assert summary["notes"] == summary["box_notes"] == []


def test_the_sample_photographs_need_no_folder(tmp_path):
    assert index.main(flags(tmp_path, layout="photographs", root="scikit-learn")) == 0
    images = pd.read_csv(tmp_path / "images.csv")
    assert sorted(images["image_id"]) == ["china.jpg", "flower.jpg"]
    assert set(zip(images["width"], images["height"], strict=True)) == {(640, 427)}


@pytest.mark.parametrize("layout", ["ilsvrc-val", "ilsvrc-train", "ilsvrc-test", "photographs"])
def test_an_empty_folder_is_one_line_and_writes_nothing(tmp_path, capsys, layout):
    (tmp_path / "empty").mkdir()
    (tmp_path / "out").mkdir()
    assert index.main(flags(tmp_path / "out", layout=layout, root=tmp_path / "empty")) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert list((tmp_path / "out").iterdir()) == []
