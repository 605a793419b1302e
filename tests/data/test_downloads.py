"""The list of downloads against the protocol, the readers and real data."""

import re
from urllib.parse import urlsplit

import pytest

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.downloads import (
    Archive,
    DataSet,
    count_files,
    data_folder,
    downloads,
    state,
)
from pipeline_lib.data.transfer.birds import OFFICIAL as BIRDS
from pipeline_lib.data.transfer.lists import ACTION40, INDOOR67, SUN397
from pipeline_lib.data.transfer.sets import transfer_sets

ARCHIVES = [(key, archive) for key, one in downloads().items() for archive in one.archives]
DIGITS = {"md5": 32, "sha1": 40, "sha256": 64}


def test_every_set_of_the_protocol_is_there():
    assert set(downloads()) == {
        *("sun397", "indoor67", "scene15", "sun_attribute", "caltech101", "caltech256", "action40"),
        *(
            "event8",
            "cub",
            "cub_segmentations",
            "svt",
            "sun2012",
            "coco",
            "vqa",
            "places205",
            "released_networks",
        ),
        *("ilsvrc_train", "ilsvrc_val", "ilsvrc_devkit", "ilsvrc_val_boxes"),
    }


@pytest.mark.parametrize("paper", transfer_sets().values(), ids=lambda paper: paper.layout)
def test_sets_lie_where_their_readers_look(paper):
    one = downloads()[paper.layout.replace("-", "_")]
    assert (one.name, one.folder) == (paper.name, paper.folder)


@pytest.mark.parametrize(("key", "archive"), ARCHIVES, ids=lambda given: getattr(given, "file", ""))
def test_an_archive_can_be_had_and_told_whole(key, archive):
    one = downloads()[key]
    assert bool(archive.urls) != bool(one.login)
    assert archive.expected_files
    schemes = {urlsplit(address).scheme for address in archive.urls}
    assert schemes <= {"https"} or schemes == {"http"}  # no mirror makes it less safe
    assert all(urlsplit(address).netloc for address in archive.urls)
    if archive.checksum is not None:
        algorithm, digest = archive.checksum.split(":")
        assert re.fullmatch(f"[0-9a-f]{{{DIGITS[algorithm]}}}", digest)
    if archive.inner_archives is None and archive.file.endswith((".txt", ".caffemodel")):
        assert archive.expected_files == (archive.file,)
    assert archive.bytes is None or archive.approximate_bytes is None


def test_files_have_names_of_their_own():
    files = [archive.file for _, archive in ARCHIVES]
    assert len(files) == len(set(files))


@pytest.mark.parametrize(
    ("key", "images"),
    [
        ("sun397", SUN397.images),
        ("indoor67", INDOOR67.images),
        ("action40", ACTION40.images),
        ("cub", BIRDS.images),
        ("ilsvrc_train", 1_281_167),
        ("ilsvrc_val", 50_000),
    ],
)
def test_complete_is_what_the_readers_call_complete(key, images):
    assert downloads()[key].archives[0].file_count == images


@pytest.fixture
def small(tmp_path):
    """A set of two archives, complete."""
    images = Archive(
        "i.zip", ("*/*.jpg|images/*/*.jpg",), file_count=3, excluded_folders=("clutter",)
    )
    lists = Archive("l.zip", ("one.txt",), subfolder="lists")
    for name in ("a/1.jpg", "a/2.JPG", "b/3.jpeg", "clutter/4.jpg", "lists/one.txt", "a/x.gif"):
        path = tmp_path / "SET" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return DataSet("set", "Set", "SET", (images, lists)), tmp_path


def test_a_complete_set(small):
    one, root = small
    assert (str(state(one, root)), state(one, root).missing) == ("complete", ())


def test_a_part_of_a_set_is_counted(small):
    one, root = small
    (root / "SET" / "a" / "1.jpg").unlink()
    assert (str(state(one, root)), state(one, root).missing) == ("part of it", ("2 of 3 images",))


def test_what_is_missing_is_named(small):
    one, root = small
    (root / "SET" / "lists" / "one.txt").unlink()
    assert state(one, root).missing == (f"{root}/SET/lists/one.txt",)
    (root / "SET").rename(root / "other")
    assert (str(state(one, root)), len(state(one, root).missing)) == ("not found", 2)


def test_a_pattern_may_have_alternatives(small):
    one, root = small
    (root / "SET").rename(root / "images")
    (root / "SET").mkdir()
    (root / "images").rename(root / "SET" / "images")
    (root / "SET" / "images" / "lists").rename(root / "SET" / "lists")
    assert str(state(one, root)) == "complete"


def test_an_interrupted_unpacking_is_not_complete(small):
    one, root = small
    (root / "SET" / one.archives[0].unpacking_folder).mkdir()
    assert state(one, root).missing == ("the rest of i.zip, whose unpacking was interrupted",)


def test_counting_follows_links_but_not_in_rings(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "1.jpg").touch()
    (tmp_path / "set" / "a").mkdir(parents=True)
    (tmp_path / "set" / "linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "set" / "a" / "up").symlink_to(tmp_path / "set")
    (tmp_path / "set" / "a" / "2.jpg").symlink_to(tmp_path / "elsewhere" / "1.jpg")
    (tmp_path / "set" / "a" / "._2.jpg").touch()
    assert count_files(tmp_path / "set", (".jpg",)) == 2


def test_sizes_for_people():
    def size(*archives):
        entries = [
            Archive(f"{number}.zip", ("x",), **given) for number, given in enumerate(archives)
        ]
        return DataSet("set", "Set", "SET", tuple(entries)).size

    assert size({"bytes": 39_077_296_924}, {"bytes": 18_293_705}) == "39.096 GB"
    assert size({"bytes": 1_000_000_000}, {"approximate_bytes": 500_000_000}) == "about 1.500 GB"
    assert size({"approximate_bytes": 2_400_000_000}, {}) == "over 2.400 GB"
    assert size({}) == "unknown"


def test_no_folder_for_data_is_one_line():
    with pytest.raises(InputError, match=r"config.data_root: not set; add --config data_root=DIR"):
        data_folder("")


@pytest.mark.parametrize(
    ("key", "text", "missing"),
    [
        ("scene15", "complete", ()),
        ("ilsvrc_devkit", "complete", ()),
        ("ilsvrc_val", "part of it", ("650 of 50,000 images",)),
        ("ilsvrc_val_boxes", "part of it", ("650 of 50,000 .xml files",)),
        ("cub", "part of it", ("543 of 11,788 images",)),
        ("svt", "part of it", ("100 of 350 images",)),
        ("caltech101", "not found", None),
    ],
)
def test_on_real_data(real_data, key, text, missing):
    now = state(downloads()[key], real_data)
    assert str(now) == text
    assert missing is None or now.missing == missing
