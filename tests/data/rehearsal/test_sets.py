"""The rehearsal's data sets, as the paper study's own readers find them."""

import os
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image

from pipeline_lib.data.downloads import downloads
from pipeline_lib.data.readers import READERS, ReaderOptions
from pipeline_lib.data.transfer.sets import transfer_sets
from pipeline_lib.steps.data import rehearse_data
from pipeline_lib.study.configuration.discovery import PAPER_SCENES
from pipeline_lib.study.configuration.load import load_configuration

# The classes of the published sets (protocol, section 3; each set's own page).
CLASSES = {
    **{"sun397": 397, "indoor67": 67, "scene15": 15, "sun-attribute": 102, "caltech101": 101},
    **{"caltech256": 256, "action40": 40, "event8": 8, "cub": 200},
}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """All data sets, without weights."""
    folder = tmp_path_factory.mktemp("rehearsal") / "data_root"
    assert rehearse_data.main(["--no-weights", "--out", str(folder)]) == 0
    return folder


def read(root, layout, folder, **options):
    return READERS[layout](root / folder, ReaderOptions(expected=50_000, **options))


@pytest.mark.parametrize("name", transfer_sets())
def test_a_transfer_set_has_its_classes_and_its_splits(root, repository, name):
    paper = transfer_sets()[name]
    transfer = load_configuration(
        {"study": "rehearsal"}, repository / "workflow" / "studies"
    ).transfer
    given = {"train": transfer.train, "repeats": transfer.splits}
    own_splits = not paper.random_splits or paper.metric != "accuracy"
    images = read(root, paper.layout, paper.folder, **({} if own_splits else given))
    assert len(images.classes) == CLASSES[paper.layout]
    splits = {split for split, *_ in images.splits}
    attributes = CLASSES["sun-attribute"] if paper.metric != "accuracy" else 1
    assert len(splits) == attributes * (paper.splits if own_splits else transfer.splits)
    of_class = Counter((split, subset, label) for split, subset, _, label in images.splits)
    if attributes == 1:
        assert {label for *_, label in of_class} == {label for label, *_ in images.classes}
    # Figure 8 shows two test images of each of three classes; C is chosen on two training images.
    for subset in ("train", "test"):
        enough = [count for (_, kind, _), count in of_class.items() if kind == subset and count > 1]
        assert len(enough) >= 3


def test_ilsvrc_has_all_classes_and_labels_and_images_of_every_kind(root):
    train, val = (read(root, f"ilsvrc-{split}", "ilsvrc") for split in ("train", "val"))
    test = read(root, "ilsvrc-test", "ilsvrc")
    of_class = Counter(label for _, _, label, *_ in train.images)
    assert len(of_class) == 1000
    assert Counter(of_class.values()) == {1: 997, 1300: 3}
    assert len(val.classes) == 1000
    assert [number for _, number, _ in val.classes] != list(range(1, 1001))
    blacklist = root / "ilsvrc/ILSVRC2012_devkit_t12/data"
    lines = (blacklist / "ILSVRC2014_clsloc_validation_blacklist.txt").read_text().split()
    assert len(set(lines)) == 1762
    assert sum(row[-1] for row in val.images) == 1
    assert len(test.images) == 5
    sizes = Counter((width, height) for *_, width, height, _ in val.images)
    assert sizes[4288, 2848] == 1
    assert sizes.most_common(1)[0][0] == (500, 375)
    modes = Counter(Image.open(root / "ilsvrc" / path).mode for _, path, *_ in val.images)
    assert modes["L"] == modes["CMYK"] == 1
    assert {image for image, *_ in val.boxes} == {row[0] for row in val.images}


def test_places205_has_its_classes_and_a_whole_list(root):
    places = read(root, "places205-val", "places205")
    assert len(places.classes) == len(places.images) == 205
    assert places.summary.notes == ["20,295 images of the official list not found."]


def test_section_4s_other_sets_are_read(root):
    scenes = read(
        root,
        "scenes",
        ".",
        options={
            **{"categories": PAPER_SCENES, "min_images": 4},
            **{"coverage": 0.8, "short_polygons": "refuse"},
        },
    )
    assert len(scenes.classes) == 10
    text = read(root, "text", ".")
    assert Counter(label for *_, label in text.splits) == {"present": 24, "absent": 24}
    assert len(read(root, "concepts", ".").images) == 54
    questions = read(root, "vqa", ".").annotations
    assert set(questions["subset"]) == {"train", "val", "test"}


def test_every_data_set_that_is_published_is_there_under_its_folder(root):
    weights = {"released_networks"}
    missing = [
        f"{key}: {data_set.folder}"
        for key, data_set in downloads().items()
        if key not in weights and not (root / data_set.folder).is_dir()
    ]
    assert missing == []


def test_files_are_many_and_take_no_space(root):
    files = [Path(folder) / name for folder, _, names in os.walk(root) for name in names]
    assert len(files) > 3500
    by_inode = {file.stat().st_ino: file.stat().st_size for file in files}
    assert sum(by_inode.values()) < 30e6
    assert not [path for path in root.iterdir() if path.name.startswith(".")]


def test_what_is_there_is_left_alone(root, capsys):
    assert rehearse_data.main(["--no-weights", "--out", str(root)]) == 1
    assert f"error: {root}: exists" in capsys.readouterr().err


@pytest.mark.slow
def test_another_run_writes_the_same_bytes(root, tmp_path):
    again = tmp_path / "again"
    assert rehearse_data.main(["--no-weights", "--out", str(again)]) == 0
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder) / name
            assert path.read_bytes() == (again / path.relative_to(root)).read_bytes(), path
