import json
import shutil

import pandas as pd
import pytest
from PIL import Image

from pipeline_lib.data.manifest import SPLIT_COLUMNS, read_csv, read_images
from pipeline_lib.data.masks import read_mask_table
from pipeline_lib.data.transfer.readers import READERS
from pipeline_lib.steps.data import index


def flags(folder, **values):
    names = {"images": "images.csv", "boxes": "boxes.csv", "classes": "classes.csv"}
    names |= {"masks": "masks.csv", "splits": "splits.csv", "summary": "summary.json"}
    shared = [item for name, file in names.items() for item in (f"--{name}", str(folder / file))]
    return shared + [item for name, value in values.items() for item in (f"--{name}", str(value))]


def test_a_manifest_of_val_is_written_with_its_summary(tiny_world, tmp_path):
    argv = flags(tmp_path, layout="ilsvrc-val", root=tiny_world, expected=20)
    assert index.main(argv) == 0
    images = pd.read_csv(tmp_path / "images.csv", comment="#")
    boxes = pd.read_csv(tmp_path / "boxes.csv", comment="#")
    assert len(images) == 20
    assert set(boxes["image_id"]) == set(images["image_id"])
    assert len(pd.read_csv(tmp_path / "classes.csv", comment="#")) == 10
    masks = read_mask_table(tmp_path / "masks.csv", tiny_world)
    assert list(masks) == list(images["image_id"])
    assert all(path.is_file() for files in masks.values() for path in files.objects)
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert (summary["found"], summary["expected"]) == (20, 20)
    assert summary["notes"] == []
    (blacklist,) = summary["box_notes"]
    assert "blacklist" in blacklist


def test_a_manifest_of_train_is_written(tiny_world, tmp_path):
    assert index.main(flags(tmp_path, layout="ilsvrc-train", root=tiny_world)) == 0
    images = pd.read_csv(tmp_path / "images.csv", comment="#")
    assert len(images) == 24
    assert all((tiny_world / path).is_file() for path in images["path"])
    assert pd.read_csv(tmp_path / "boxes.csv", comment="#").empty
    assert (tmp_path / "masks.csv").read_text() == "image_id,path,ignore\n"


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
    assert pd.read_csv(tmp_path / "boxes.csv", comment="#").empty
    assert len(pd.read_csv(tmp_path / "classes.csv", comment="#")) == 10
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert (summary["found"], summary["expected"]) == (2, None)
    assert summary["notes"] == summary["box_notes"] == []


def test_the_sample_photographs_need_no_folder(tmp_path):
    assert index.main(flags(tmp_path, layout="photographs", root="scikit-learn")) == 0
    images = pd.read_csv(tmp_path / "images.csv", comment="#")
    assert sorted(images["image_id"]) == ["china.jpg", "flower.jpg"]
    assert set(zip(images["width"], images["height"], strict=True)) == {(640, 427)}


@pytest.fixture
def scenes(tmp_path):
    """Three classes called by numbers, of nine images each."""
    for name in (f"{label}/{i}.jpg" for label in ("001", "002", "1e5") for i in range(9)):
        (tmp_path / "scenes" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 3)).save(tmp_path / "scenes" / name)
    return tmp_path / "scenes"


def test_a_transfer_set_is_written_with_its_splits(scenes, tmp_path):
    argv = flags(tmp_path, layout="scene15", root=scenes, train=4, test=3, repeats=2, seed=6)
    assert index.main([*argv, "--note", "Mini."]) == 0
    images = read_images(tmp_path / "images.csv")
    splits = read_csv(tmp_path / "splits.csv", SPLIT_COLUMNS)
    sizes = splits.groupby(["split", "subset", "label"]).size().to_dict()
    assert sizes == {
        (split, part, label): size
        for split in ("1", "2")
        for part, size in (("train", 4), ("test", 3))
        for label in ("001", "002", "1e5")
    }
    label_of = dict(zip(images["image_id"], images["label"], strict=True))
    assert list(splits["image_id"].map(label_of)) == list(splits["label"])
    notes = json.loads((tmp_path / "summary.json").read_text())["notes"]
    assert notes[0] == "Mini."
    assert "2 random splits instead of 10." in notes


def test_the_same_seed_writes_the_same_splits(scenes, tmp_path):
    written = []
    for seed in (6, 6, 7):
        assert index.main(flags(tmp_path, layout="scene15", root=scenes, train=4, seed=seed)) == 0
        written.append((tmp_path / "splits.csv").read_bytes())
    assert written[0] == written[1] != written[2]


def test_a_number_for_an_official_split_is_one_line(tmp_path, capsys):
    assert index.main(flags(tmp_path, layout="cub", root=tmp_path, train=4)) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "--train 4: the split of CUB-200-2011 is official" in line


@pytest.mark.parametrize(
    "layout", ["ilsvrc-val", "ilsvrc-train", "ilsvrc-test", "photographs", *READERS]
)
def test_an_empty_folder_is_one_line_and_writes_nothing(tmp_path, capsys, layout):
    (tmp_path / "empty").mkdir()
    (tmp_path / "out").mkdir()
    assert index.main(flags(tmp_path / "out", layout=layout, root=tmp_path / "empty")) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert list((tmp_path / "out").iterdir()) == []
