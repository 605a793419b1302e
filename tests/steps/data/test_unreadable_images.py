"""Images that cannot be decoded, in every layout: refused by name, or left out and counted."""

import json
import re

import pytest
from PIL import Image

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.loader import WarpedImages, image_batches
from pipeline_lib.data.manifest import BOX_COLUMNS, SPLIT_COLUMNS, read_csv, read_images
from tests.data.spoiled import READABLE, UNREADABLE, is_readable_by_pillow, readable, unreadable
from tests.steps.data.layouts import LAYOUTS, run
from tests.stored import stored


def spoil(root, paths):
    """Replace some of the files: unreadable ones, and readable ones that are odd; return the former."""
    kinds = [*UNREADABLE, *READABLE]
    places = [paths[number * len(paths) // len(kinds)] for number in range(len(kinds))]
    for place, kind in zip(places, kinds, strict=True):
        with Image.open(root / place) as image:
            contents = unreadable(*image.size) | readable(*image.size)
        (root / place).unlink()
        (root / place).write_bytes(contents[kind])
    return set(places[: len(UNREADABLE)])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_skipped_images_are_as_if_they_were_not_there(layout, root, tmp_path, capsys):
    assert run(layout, root, tmp_path / "before", "--unreadable", "skip", "--threads", "2") == 0
    before = read_images(tmp_path / "before" / "images.csv")
    assert json.loads((tmp_path / "before" / "summary.json").read_text())["unreadable"] == 0
    if layout == "text":  # its negatives are a sample: of those that cannot be read, another one
        before = before[before["label"] != ""]
    bad = spoil(root, before["path"].tolist())
    assert bad == {path for path in before["path"] if not is_readable_by_pillow(root / path)}
    capsys.readouterr()

    assert run(layout, root, tmp_path / "skipped", "--unreadable", "skip", "--threads", "2") == 0
    log = capsys.readouterr().err
    after = read_images(tmp_path / "skipped" / "images.csv")
    assert bad.isdisjoint(after["path"])
    assert set(before["path"]) - bad <= set(after["path"])
    if layout != "text":
        assert len(after) == len(before) - len(bad)
    summary = json.loads((tmp_path / "skipped" / "summary.json").read_text())
    assert (summary["unreadable"], summary["found"]) == (len(bad), len(after))
    assert f"{len(bad)} images cannot be decoded and are left out." in summary["notes"]
    for path in bad:
        assert f"{root / path}: " in log  # each is named
    ids = set(after["image_id"])
    boxes = read_csv(tmp_path / "skipped" / "boxes.csv", BOX_COLUMNS)
    splits = read_csv(tmp_path / "skipped" / "splits.csv", SPLIT_COLUMNS)
    assert set(boxes["image_id"]) | set(splits["image_id"]) <= ids
    for _, rows in splits.groupby("split"):
        assert rows.groupby("label")["subset"].nunique().eq(2).all()
    if layout in ("scenes", "concepts", "concepts-table", "vqa"):
        annotations = read_csv(tmp_path / "skipped" / "annotations.csv", ("image_id",))
        assert set(annotations["image_id"]) <= ids


@pytest.mark.parametrize("layout", LAYOUTS)
def test_by_default_they_are_refused_in_one_line_that_names_them_and_the_option(
    layout, root, tmp_path, capsys
):
    assert run(layout, root, tmp_path / "before") == 0
    paths = read_images(tmp_path / "before" / "images.csv")["path"].tolist()
    bad = spoil(root, paths)
    capsys.readouterr()
    if run(layout, root, tmp_path / "after") == 0:  # no image was opened: the next step meets it
        listed = read_images(tmp_path / "after" / "images.csv")["path"].tolist()
        assert bad <= set(listed)
        with pytest.raises(InputError) as caught:
            list(image_batches(WarpedImages(stored(root, listed), (8, 8)), batch=4, workers=0))
        message = str(caught.value)
    else:
        (message,) = capsys.readouterr().err.splitlines()
        message = message.removeprefix("error: ")
    assert any(message.startswith(f"{root / path}: ") for path in bad), message
    assert re.search(
        r"; fetch (it|them) again, or leave such files out \(images.unreadable: skip\)$", message
    )


@pytest.mark.parametrize("layout", ["photographs"])
def test_a_worker_that_meets_one_says_the_same_line(layout, root, tmp_path):
    (bad, *_) = spoil(root, [f"{number}.jpg" for number in range(20)])
    with pytest.raises(InputError) as caught:
        list(image_batches(WarpedImages(stored(root, [bad]), (8, 8)), batch=1, workers=1))
    assert str(caught.value).startswith(f"{root / bad}: cannot be decoded (")
    assert str(caught.value).endswith("(images.unreadable: skip)")


@pytest.mark.parametrize("layout", ["photographs"])
def test_a_set_of_nothing_else_is_refused(layout, root, tmp_path, capsys):
    for path in root.iterdir():
        path.write_bytes(UNREADABLE["page"])
    assert run(layout, root, tmp_path / "out", "--unreadable", "skip") == 1
    assert capsys.readouterr().err.splitlines()[-1] == f"error: {root}: no photograph in it"


@pytest.mark.parametrize("layout", ["photographs"])
def test_a_disk_that_fails_makes_no_image_vanish(layout, root, tmp_path, capsys, monkeypatch):
    def fail(*_, **__):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("pipeline_lib.common.images.Image.open", fail)
    assert run(layout, root, tmp_path / "out", "--unreadable", "skip") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "cannot be read (Input/output error)" in line
    assert not (tmp_path / "out" / "images.csv").exists()
