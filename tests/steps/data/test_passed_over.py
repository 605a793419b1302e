"""What a reader passes over it counts, in the notes, and names, in the log; images do not change."""

import json
import re
import shutil
from collections import Counter

import pytest

from pipeline_lib.data.image_files import files_below
from pipeline_lib.data.manifest import read_images
from tests.data.spoiled import READABLE
from tests.steps.data.layouts import LAYOUTS, run

HIDDEN, OTHER, FOLDER = (
    "hidden file or folder",
    "file that is no image",
    "folder in a folder of images",
)
UNLISTED, UNNAMED = "file that is not listed", "file not named ILSVRC2012_{}_*.JPEG"
STRAYS = (".DS_Store", "__MACOSX/._1.jpg", "album.db", "more.jpg/1.jpg", "notes.txt")
LISTED = {HIDDEN: 2, UNLISTED: 3}  # readers of lists walk deeper folders
KINDS = {
    "ilsvrc-val": {HIDDEN: 2, UNNAMED.format("val"): 3},
    "ilsvrc-test": {HIDDEN: 2, UNNAMED.format("test"): 3},
    "sun-attribute": LISTED,
    "cub": LISTED,
    "text": LISTED,
    "scenes": {HIDDEN: 2, OTHER: 2, FOLDER: 0},  # and one more image without an annotation
    "concepts": {HIDDEN: 1, "file without a caption": 4},
    "places205-val": {},  # the images of all its subsets lie together
    "concepts-table": {},  # the table may lie in any folder
}
OTHERS = {HIDDEN: 2, OTHER: 2, FOLDER: 1}


def kinds(folder):
    """Return how many of each kind, in the singular, the summary says were passed over."""
    notes = json.loads((folder / "summary.json").read_text())["notes"]
    found = Counter()
    for note in notes:
        if note.startswith("Passed over: "):
            for part in note.removeprefix("Passed over: ").rstrip(".").split(", "):
                count, kind = part.split(" ", 1)
                found[_singular(kind)] += int(count)
    return found


def _singular(kind):
    for plural, one in (
        ("files and folders", "file or folder"),
        ("files that are no images", OTHER),
    ):
        kind = kind.replace(plural, one)
    kind = kind.replace("folders in folders", "folder in a folder")
    return kind.replace("files", "file").replace("that are", "that is")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_strays_beside_images_are_counted_and_named(layout, root, tmp_path, capsys):
    assert run(layout, root, tmp_path / "before") == 0
    before = read_images(tmp_path / "before" / "images.csv")
    folder = (root / before["path"].iloc[0]).parent
    for name in STRAYS:
        (folder / name).parent.mkdir(exist_ok=True)
        content = READABLE["colour"] if name.endswith(".jpg") else b"no image"
        (folder / name).write_bytes(content)
    capsys.readouterr()
    assert run(layout, root, tmp_path / "after") == 0
    after = read_images(tmp_path / "after" / "images.csv")
    assert after.equals(before)
    more = kinds(tmp_path / "after")
    more.subtract(kinds(tmp_path / "before"))
    expected = KINDS.get(layout, OTHERS)
    assert {kind: count for kind, count in more.items() if count} == {
        kind: count for kind, count in expected.items() if count
    }
    log = capsys.readouterr().err
    if expected:
        assert re.search(f"passed over: .*{re.escape(str(folder))}", log)


def summary_of(layout, root, out):
    assert run(layout, root, out) == 0
    return " ".join(json.loads((out / "summary.json").read_text())["notes"])


@pytest.mark.parametrize("layout", ["scene15"])
def test_what_lies_beside_the_folders_of_classes_is_counted(layout, root, tmp_path):
    (root / "readme.txt").touch()
    (root / "later").mkdir()
    (root / ".git").mkdir()
    (root / ".snakemake_timestamp").touch()  # a run leaves it in the folders that it writes
    note = summary_of(layout, root, tmp_path)
    for kind in (
        "1 file beside the folders of classes",
        "1 folder without an image",
        "1 hidden file",
    ):
        assert kind in note


@pytest.mark.parametrize("layout", ["caltech256"])
def test_folders_that_are_no_classes_are_counted(layout, root, tmp_path):
    next(root.glob("[0-9]*.*")).joinpath("keep").mkdir()
    (root / "greg").mkdir()
    (root / "257.clutter").mkdir(exist_ok=True)  # which the paper leaves out
    assert "1 folder that is no class" in summary_of(layout, root, tmp_path)


@pytest.mark.parametrize("layout", ["ilsvrc-train"])
def test_a_second_file_of_a_training_image_is_counted(layout, root, tmp_path):
    image = next((root / "train").glob("*/*.JPEG"))
    image.with_suffix(".jpg").write_bytes(READABLE["colour"])
    assert "1 second file of an image" in summary_of(layout, root, tmp_path)
    ids = read_images(tmp_path / "images.csv")["image_id"]
    assert ids.is_unique


@pytest.mark.parametrize("layout", ["ilsvrc-val"])
def test_a_second_file_of_a_numbered_image_is_counted(layout, root, tmp_path):
    image = next((root / "val").glob("*.JPEG"))
    (root / "val" / "zz").mkdir()
    (root / "val" / "zz" / image.name).write_bytes(READABLE["colour"])
    assert "1 second file of an image" in summary_of(layout, root, tmp_path)
    assert f"val/{image.name}" in set(read_images(tmp_path / "images.csv")["path"])


@pytest.mark.parametrize("layout", ["ilsvrc-val", "scenes"])
def test_a_link_to_a_folder_above_is_counted_and_not_followed(layout, root, tmp_path):
    before = summary_of(layout, root, tmp_path / "before")
    images = read_images(tmp_path / "before" / "images.csv")
    folder = (root / images["path"].iloc[0]).parent
    (folder / "again").symlink_to(folder.parent)
    after = summary_of(layout, root, tmp_path / "after")
    assert "link to a folder that it lies in" in after
    assert "link to a folder" not in before
    assert set(images["image_id"]) <= set(
        read_images(tmp_path / "after" / "images.csv")["image_id"]
    )


def test_two_links_to_one_folder_are_both_followed(tmp_path):
    for name in ("set/a", "disk"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("1.jpg", "2.jpg"):
        (tmp_path / "disk" / name).touch()
    for name in ("b", "c"):
        (tmp_path / "set" / "a" / name).symlink_to(tmp_path / "disk")
    assert len(list(files_below(tmp_path / "set"))) == 4  # one link hid the other


@pytest.mark.parametrize("layout", ["scene15", "sun397", "indoor67", "ilsvrc-train", "ilsvrc-val"])
def test_a_class_that_links_to_nothing_is_refused_by_name(layout, root, tmp_path, capsys):
    assert run(layout, root, tmp_path / "before") == 0
    folder = root / read_images(tmp_path / "before" / "images.csv")["path"].iloc[0]
    gone = folder.parent if layout != "ilsvrc-val" else root / "val" / "n01440764"
    if gone.exists():
        gone.rename(tmp_path / "gone")
    gone.symlink_to(tmp_path / "unmounted")
    capsys.readouterr()
    assert run(layout, root, tmp_path / "out") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(
        f"error: {gone}: links to {tmp_path / 'unmounted'}, which is not there; "
    )
    assert run(layout, root, tmp_path / "out", "--unreadable", "skip") == 0


@pytest.mark.parametrize("layout", ["scenes"])
def test_annotations_without_an_image_are_counted(layout, root, tmp_path):
    before = kinds_of(layout, root, tmp_path / "before")
    images = read_images(tmp_path / "before" / "images.csv")
    (root / images["path"].iloc[0]).unlink()
    after = kinds_of(layout, root, tmp_path / "after")
    assert after["annotation without an image"] - before["annotation without an image"] == 1


def kinds_of(layout, root, out):
    assert run(layout, root, out) == 0
    return kinds(out)


@pytest.mark.parametrize("layout", ["vqa"])
def test_questions_find_images_with_any_suffix_and_count_those_without(layout, root, tmp_path):
    assert run(layout, root, tmp_path / "before") == 0
    first = root / read_images(tmp_path / "before" / "images.csv")["path"].iloc[0]
    first.rename(first.with_suffix(".JPEG"))
    first.with_name("unasked.jpg").write_bytes(READABLE["colour"])
    found = kinds_of(layout, root, tmp_path / "after")
    assert found["image without a question"] == 1
    paths = read_images(tmp_path / "after" / "images.csv")["path"]
    assert all((root / path).is_file() for path in paths)


@pytest.mark.parametrize("layout", ["action40"])
def test_images_of_no_action_are_counted(layout, root, tmp_path):
    (root / "JPEGImages" / "flying_001.jpg").write_bytes(READABLE["colour"])
    assert kinds_of(layout, root, tmp_path)["image of no action"] == 1


@pytest.mark.parametrize("layout", ["photographs"])
def test_ten_files_are_named_and_the_rest_counted(layout, root, tmp_path, capsys):
    for number in range(13):
        (root / f"{number:02}.raw").touch()
    assert kinds_of(layout, root, tmp_path)["file that is no image"] == 13
    line = next(line for line in capsys.readouterr().err.splitlines() if ".raw" in line)
    assert line.startswith(f"passed over: 13 files that are no images: {root / '00.raw'}; ")
    assert line.endswith("; and 3 more")
    assert len(re.findall(r"\.raw", line)) == 10


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_part_that_is_missing_is_said(layout, root, tmp_path, capsys):
    """A class where the set has folders of them, else four images."""
    assert run(layout, root, tmp_path / "before") == 0
    images = read_images(tmp_path / "before" / "images.csv")
    folder = (root / images["path"].iloc[0]).parent
    siblings = [path for path in folder.parent.iterdir() if path.is_dir()]
    if len(siblings) > 3 and folder.name not in ("val", "test"):
        shutil.rmtree(folder)
    else:
        for path in images["path"].iloc[:4]:
            (root / path).unlink()
    capsys.readouterr()
    done = run(layout, root, tmp_path / "after")
    if layout == "concepts-table":  # a file of one's own
        assert done == 1
        assert "line 1: " in capsys.readouterr().err
        return
    assert done == 0
    notes = {each: (tmp_path / each / "summary.json").read_text() for each in ("before", "after")}
    said = [json.loads(text)["notes"] for text in notes.values()]
    assert said[0] != said[1] or layout in ("photographs", "ilsvrc-test")  # no one knows how many
    if layout == "ilsvrc-train":
        assert said[1] == ["1 of 10 classes without a training image."]
