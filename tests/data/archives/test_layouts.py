"""Honest archives arrive whole, where the set's reader looks."""

import io
import stat
import tarfile
import zipfile

import pytest

from pipeline_lib.data.archives import unpack
from pipeline_lib.data.downloads import downloads, missing_files
from tests.data.archives.samples import FILES, WRITERS, entry, member, tree, write_tar, write_zip


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_arrives_whole_under_the_sets_name(box, name):
    outside, root = box
    WRITERS[name](outside / name)
    unpack(outside / name, entry(name), root / "there" / "SET")
    unpacked = root / "there" / "SET"
    assert {
        f"set/{path.relative_to(unpacked)}": path.read_bytes()
        for path in unpacked.rglob("*")
        if path.is_file()
    } == FILES
    assert [path.name for path in unpacked.parent.iterdir()] == ["SET"]
    assert missing_files(entry(name), unpacked) == []


def test_contents_may_lie_flat(box):
    outside, root = box
    with zipfile.ZipFile(outside / "flat.zip", "w") as file:
        file.writestr("list.txt", "1")
        file.writestr("a/1.jpg", "one")
    unpack(outside / "flat.zip", entry("flat.zip"), root / "set")
    assert sorted(path.name for path in (root / "set").iterdir()) == ["a", "list.txt"]


def test_a_text_file_is_put_into_a_folder_that_is_there(box):
    outside, root = box
    (outside / "list.txt").write_text("1 2")
    (root / "set").mkdir()
    (root / "set" / "a.jpg").write_text("mine")
    unpack(outside / "list.txt", entry("list.txt", expected_files=("list.txt",)), root / "set")
    assert {p.name: p.read_text() for p in (root / "set").iterdir()} == {
        "a.jpg": "mine",
        "list.txt": "1 2",
    }


def test_what_the_user_has_is_never_replaced(box):
    outside, root = box
    write_zip(outside / "set.zip")
    (root / "set" / "a").mkdir(parents=True)
    (root / "set" / "a" / "mine.jpg").write_text("mine")
    unpack(outside / "set.zip", entry("set.zip"), root / "set")
    assert [path.name for path in (root / "set" / "a").iterdir()] == ["mine.jpg"]
    assert (root / "set" / "list.txt").read_bytes() == FILES["set/list.txt"]


def test_archives_in_the_archive(box):
    """As Caltech101's one, and ILSVRC's one per class."""
    outside, root = box
    for name in ("n01.tar", "n02.tar"):
        with tarfile.open(outside / name, "w") as tar:
            tar.addfile(*member(f"{name[:3]}_1.JPEG", name.encode()))
    with tarfile.open(outside / "train.tar", "w") as tar:
        for name in ("n01.tar", "n02.tar"):
            tar.add(outside / name, f"some/{name}")
            tar.addfile(*member(f"some/._{name}", b"a Mac's, no archive"))
    wanted = entry("train.tar", expected_files=("n*/n*_*.JPEG",), inner_archives="n*.tar")
    unpack(outside / "train.tar", wanted, root / "train")
    assert {name: content for name, (_, content) in tree(root / "train").items() if content} == {
        "n01/n01_1.JPEG": b"n01.tar",
        "n02/n02_1.JPEG": b"n02.tar",
    }


def packed(name, contents):
    """Return the bytes of an archive; the contents of a further one are a mapping again."""
    file = io.BytesIO()
    data = {n: packed(n, c) if isinstance(c, dict) else c for n, c in contents.items()}
    if name.endswith(".zip"):
        with zipfile.ZipFile(file, "w") as archive:
            for inside, content in data.items():
                archive.writestr(inside, content)
    else:
        with tarfile.open(fileobj=file, mode="w:gz" if name.endswith("gz") else "w") as archive:
            for inside, content in data.items():
                archive.addfile(*member(inside, content))
    return file.getvalue()


CALTECH = {
    "101_ObjectCategories/accordion/image_0001.jpg": b"1",
    "101_ObjectCategories/BACKGROUND_Google/image_0001.jpg": b"2",
}


MATRICES = ("images.mat", "attributes.mat", "attributeLabels_continuous.mat")


@pytest.mark.parametrize(
    ("key", "contents", "arrives"),
    [
        (
            "caltech101",
            [
                {
                    "caltech-101/101_ObjectCategories.tar.gz": CALTECH,
                    "caltech-101/Annotations.tar": {"Annotations/1.mat": b"3"},
                    "__MACOSX/caltech-101/._101_ObjectCategories.tar.gz": b"no archive",
                }
            ],
            ["accordion/image_0001.jpg", "BACKGROUND_Google/image_0001.jpg"],
        ),
        (
            "sun_attribute",
            [{"images/a/abbey/1.jpg": b"1"}, {f"SUNAttributeDB/{name}": b"2" for name in MATRICES}],
            ["images/a/abbey/1.jpg", *MATRICES],
        ),
        (
            "sun397",
            [
                {"SUN397/a/abbey/1.jpg": b"1", "SUN397/ClassName.txt": b"2"},
                {"Training_01.txt": b"3", "Testing_01.txt": b"4"},
            ],
            ["a/abbey/1.jpg", "ClassName.txt", "Partitions/Training_01.txt"],
        ),
        (
            "sun397",
            [{"SUN397/a/abbey/1.jpg": b"1"}, {"P/Training_01.txt": b"3", "P/Testing_01.txt": b"4"}],
            ["a/abbey/1.jpg", "Partitions/Training_01.txt"],
        ),
        (
            "action40",
            [
                {"JPEGImages/cooking_001.jpg": b"1"},
                {"ImageSplits/actions.txt": b"2", "ImageSplits/cooking_test.txt": b"3"},
                {"XMLAnnotations/cooking_001.xml": b"4"},
            ],
            ["JPEGImages/cooking_001.jpg", "ImageSplits/actions.txt"],
        ),
        (
            "ilsvrc_train",
            [{"n01.tar": {"n01_1.JPEG": b"1"}, "n02.tar": {"n02_1.JPEG": b"2"}}],
            ["n01/n01_1.JPEG", "n02/n02_1.JPEG"],
        ),
        (
            "ilsvrc_devkit",
            [
                {
                    f"ILSVRC2012_devkit_t12/{name}": b"1"
                    for name in (
                        "readme.txt",
                        "data/meta.mat",
                        "data/ILSVRC2012_validation_ground_truth.txt",
                    )
                }
            ],
            ["meta.mat"],
        ),
        ("indoor67", [{"indoorCVPR_09/Images/bar/1.jpg": b"1"}], ["Images/bar/1.jpg"]),
        (
            "cub_segmentations",
            [{"attributes.txt": b"1", "segmentations/001.Albatross/A_1.png": b"2"}],
            ["001.Albatross/A_1.png"],
        ),
    ],
)
def test_downloaded_sets_arrive_in_their_layouts(box, key, contents, arrives):
    outside, root = box
    one = downloads()[key]
    for archive, inside in zip(one.archives, contents, strict=False):  # the rest are plain files
        (outside / archive.file).write_bytes(packed(archive.file, inside))
        unpack(outside / archive.file, archive, root / one.folder / archive.subfolder)
        assert missing_files(archive, root / one.folder / archive.subfolder) == []
    assert all((root / one.folder / path).is_file() for path in arrives)
    hidden = [path for path in root.rglob("*") if path.name.startswith(".")]
    assert hidden == []


def test_links_within_a_tar_become_files(box):
    outside, root = box
    links = [
        member("set/a/soft.jpg", kind=tarfile.SYMTYPE, link="1.jpg"),
        member("set/a/hard.jpg", kind=tarfile.LNKTYPE, link="set/a/2.jpg"),
    ]
    write_tar(outside / "set.tar", links)
    unpack(outside / "set.tar", entry("set.tar"), root / "set")
    for name, original in (("soft", "set/a/1.jpg"), ("hard", "set/a/2.jpg")):
        path = root / "set" / "a" / f"{name}.jpg"
        assert not path.is_symlink()
        assert path.stat().st_nlink == 1
        assert path.read_bytes() == FILES[original]


def test_modes_are_the_users_own(box):
    outside, root = box
    write_tar(outside / "set.tar", [member("set/a/tool", b"#!", mode=0o6777)])
    unpack(outside / "set.tar", entry("set.tar"), root / "set")
    assert stat.S_IMODE((root / "set" / "a" / "tool").stat().st_mode) & 0o7111 == 0
