"""Data in odd places: each layout reads the same there, or is refused in one line."""

import os
import re

import pytest

from pipeline_lib.data.manifest import read_images
from tests.steps.data.layouts import LAYOUTS, run

TABLES = ("images", "boxes", "masks", "classes", "splits", "annotations")


def tables(folder):
    return {name: (folder / f"{name}.csv").read_bytes() for name in TABLES}


def is_image(path):
    return path.suffix.lower() in (".jpg", ".jpeg") and path.is_file()


def link_images(root, elsewhere):
    """Move every image file elsewhere, under another name, and leave a link to it."""
    elsewhere.mkdir()
    for number, path in enumerate(sorted(filter(is_image, root.rglob("*")))):
        path.rename(elsewhere / str(number))
        path.symlink_to(os.path.relpath(elsewhere / str(number), path.parent))


def link_folders(root, elsewhere):
    """Move every folder that holds images elsewhere, and leave a link to it."""
    elsewhere.mkdir()
    folders = sorted({path.parent for path in filter(is_image, root.rglob("*"))} - {root})
    for number, folder in enumerate(folders):
        if folder.is_dir() and not any(is_image(inner) for inner in folder.glob("*/*")):
            folder.rename(elsewhere / str(number))
            folder.symlink_to(elsewhere / str(number))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("links", [link_images, link_folders], ids=["images", "folders"])
def test_linked_data_read_the_same(layout, root, tmp_path, links):
    assert run(layout, root, tmp_path / "plain") == 0
    links(root, tmp_path / "elsewhere")
    assert run(layout, root, tmp_path / "linked") == 0
    assert tables(tmp_path / "linked") == tables(tmp_path / "plain")
    assert run(layout, root, tmp_path / "decoded", "--unreadable", "skip") == 0
    assert tables(tmp_path / "decoded") == tables(tmp_path / "plain")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_folders_place_and_name_do_not_matter(layout, root, tmp_path, monkeypatch):
    assert run(layout, root, tmp_path / "plain") == 0
    odd = tmp_path / "a 'quoted' Größe" / "データ {x} [1]* #"
    odd.parent.mkdir()
    root.rename(odd)
    (tmp_path / "link").symlink_to(odd)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    for number, place in enumerate((odd, "../link", f"{odd}/../{odd.name}")):
        out = tmp_path / f"out {number}"
        assert run(layout, type(tmp_path)(place), out) == 0
        assert tables(out) == tables(tmp_path / "plain")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_link_to_nothing_is_refused_by_name_or_left_out_and_counted(
    layout, root, tmp_path, capsys
):
    assert run(layout, root, tmp_path / "plain") == 0
    paths = read_images(tmp_path / "plain" / "images.csv")["path"]
    gone = root / paths.iloc[len(paths) // 3]
    gone.unlink()
    gone.symlink_to("/nowhere/photo.jpg")
    capsys.readouterr()
    assert run(layout, root, tmp_path / "out") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {gone}: links to /nowhere/photo.jpg, which is not there; ")
    assert "images.unreadable: skip" in line
    assert run(layout, root, tmp_path / "out", "--unreadable", "skip") == 0
    assert "1 image cannot be decoded and is left out." in capsys.readouterr().err
    assert gone.relative_to(root).as_posix() not in set(
        read_images(tmp_path / "out" / "images.csv")["path"]
    )


# These layouts say what their images are called.
FIXED = ("ilsvrc-val", "ilsvrc-test", "concepts", "text", "vqa", "sun-attribute")
FREE = [name for name in LAYOUTS if name not in FIXED]


def rename(root, path, odd):
    """Rename an image to the bytes ``odd``, in the lists of its set too."""
    os.rename(root / path, os.fsencode((root / path).parent) + b"/" + odd)
    for table in root.rglob("*"):
        if table.suffix in (".txt", ".tsv", ".csv") and table.is_file():
            old = rb"(?<![\w-])" + re.escape(os.path.basename(os.fsencode(path)))
            content = re.sub(old, odd, table.read_bytes())
            table.unlink()  # it may be linked to the one that was drawn
            table.write_bytes(content)


@pytest.mark.parametrize("layout", [name for name in FREE if name not in ("cub", "scenes")])
def test_names_of_images_may_have_blanks_and_other_letters(layout, root, tmp_path):
    assert run(layout, root, tmp_path / "plain") == 0
    path = read_images(tmp_path / "plain" / "images.csv")["path"].iloc[0]
    name = "a, 'größe' \"画\"_0001.jpg" if layout != "action40" else f"{path[11:-8]}_001.jpg"
    rename(root, path, name.encode())
    assert run(layout, root, tmp_path / "odd") == 0
    odd = read_images(tmp_path / "odd" / "images.csv")["path"].tolist()
    assert os.path.join(os.path.dirname(path), name) in odd
    assert len(odd) == len(read_images(tmp_path / "plain" / "images.csv"))


@pytest.mark.parametrize("layout", [name for name in FREE if name != "concepts-table"])
def test_a_name_that_is_not_utf8_is_refused_in_one_line(layout, root, tmp_path, capsys):
    """The bytes are Latin-1's."""
    assert run(layout, root, tmp_path / "plain") == 0
    path = read_images(tmp_path / "plain" / "images.csv")["path"].iloc[0]
    stem, suffix = os.path.splitext(os.path.basename(path))
    rename(root, path, stem.encode() + b"\xfc_001" + suffix.encode())
    capsys.readouterr()
    assert run(layout, root, tmp_path / "odd") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert f"{stem}\\xfc_001{suffix}: its name is not UTF-8; rename it" in line
