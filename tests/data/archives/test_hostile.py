"""Hostile, cut and foreign archives leave nothing anywhere."""

import os
import stat
import struct
import tarfile
import zipfile

import pytest
import rarfile

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.archives import unpack
from pipeline_lib.data.downloads import missing_files
from tests.data.archives.samples import (
    WRITERS,
    entry,
    member,
    tree,
    write_rar,
    write_tar,
    write_zip,
)


def refuses(box, name, named, **changes):
    """Unpack a spoiled archive; nothing may be left, inside or outside, and it must say why."""
    outside, root = box
    before = tree(outside)
    top = {path.name for path in root.parent.iterdir()}
    target = root / "set"
    with pytest.raises(InputError, match=named) as caught:
        unpack(outside / name, entry(name, **changes), target)
    assert str(outside / name) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert tree(outside) == before
    assert {path.name for path in root.parent.iterdir()} == top
    assert list(root.iterdir()) == []
    assert missing_files(entry(name), target)


HOSTILE_MEMBERS = {
    "up": [member("set/../../outside/evil", b"x")],
    "absolute": [member("/tmp/cam-evil", b"x")],
    "windows-up": [member("set\\..\\..\\evil", b"x")],
    "drive": [member("C:/evil", b"x")],
    "symlink-up": [member("set/l", kind=tarfile.SYMTYPE, link="../../outside/precious")],
    "symlink-absolute": [member("set/l", kind=tarfile.SYMTYPE, link="/etc/passwd")],
    "hardlink-up": [member("set/l", kind=tarfile.LNKTYPE, link="../outside/precious")],
    "hardlink-absolute": [member("set/l", kind=tarfile.LNKTYPE, link="/etc/passwd")],
    "link-to-nothing": [member("set/l", kind=tarfile.SYMTYPE, link="nothing")],
    "links-in-a-ring": [
        member("set/l", kind=tarfile.SYMTYPE, link="m"),
        member("set/m", kind=tarfile.SYMTYPE, link="l"),
    ],
    "linked-folder-written-through": [
        member("set/b", kind=tarfile.DIRTYPE, mode=0o755),
        member("set/d", kind=tarfile.SYMTYPE, link="b"),
        member("set/d/evil", b"x"),
    ],
    "file-as-folder": [member("set/list.txt/evil", b"x")],
    "folder-as-file": [member("set/a", b"x")],
    "device": [member("set/null", kind=tarfile.CHRTYPE)],
    "block-device": [member("set/disk", kind=tarfile.BLKTYPE)],
    "pipe": [member("set/pipe", kind=tarfile.FIFOTYPE)],
    "long-name": [member("set/" + "n" * 300, b"x")],
}


@pytest.mark.parametrize("name", ["set.tar", "set.tgz"])
@pytest.mark.parametrize("spoilt", HOSTILE_MEMBERS)
def test_a_hostile_tar_leaves_nothing(box, name, spoilt):
    write_tar(box[0] / name, HOSTILE_MEMBERS[spoilt])
    refuses(box, name, r"cannot be unpacked")
    assert not os.path.exists("/tmp/cam-evil")


def zip_info(name, kind):
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, (kind | 0o644) << 16
    return info


@pytest.mark.parametrize(
    "hostile",
    [
        ("../../outside/evil", b"x"),
        ("set/../../evil", b"x"),
        ("/tmp/cam-evil", b"x"),
        ("..\\..\\evil", b"x"),
        ("C:\\evil", b"x"),
        ("\\\\server\\share\\evil", b"x"),
        (zip_info("set/link", stat.S_IFLNK), b"../../outside/precious"),
        (zip_info("set/device", stat.S_IFCHR), b""),
        (zip_info("set/pipe", stat.S_IFIFO), b""),
    ],
    ids=lambda given: getattr(given[0], "filename", given[0]),
)
def test_a_hostile_zip_leaves_nothing(box, hostile):
    write_zip(box[0] / "set.zip", [hostile])
    refuses(box, "set.zip", "lies outside its folder|is not a file")
    assert not os.path.exists("/tmp/cam-evil")


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("../../outside/evil", 0o100644),
        ("set\\..\\..\\..\\evil", 0o100644),
        ("/tmp/cam-evil", 0o100644),
        ("set/link", 0o120777),
    ],
)
def test_a_hostile_rar_leaves_nothing(box, name, attributes):
    write_rar(box[0] / "set.rar", [(name, b"../../outside/precious")], attributes)
    refuses(box, "set.rar", "lies outside its folder|is not a file")
    assert not os.path.exists("/tmp/cam-evil")


def test_a_packed_rar_asks_for_a_program_that_can_unpack_it(box, monkeypatch):
    write_rar(box[0] / "set.rar", method=0x33)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(rarfile, "CURRENT_SETUP", None)
    refuses(box, "set.rar", "install unrar, unar, 7z or bsdtar")


def test_too_many_members(box):
    write_tar(box[0] / "set.tgz", [member(f"set/{number}") for number in range(3_000)])
    size = (box[0] / "set.tgz").stat().st_size
    assert size < 200_000
    refuses(box, "set.tgz", "too many members")
    refuses(box, "set.tgz", "too many members", max_members=3_002)
    unpack(box[0] / "set.tgz", entry("set.tgz", max_members=3_003), box[1] / "set")


@pytest.mark.parametrize("name", ["set.tgz", "set.zip"])
def test_too_many_bytes(box, name):
    zeros = bytes(120_000_000)
    write = {"set.tgz": write_tar, "set.zip": write_zip}[name]
    write(box[0] / name, [member("set/0", zeros) if write is write_tar else ("set/0", zeros)])
    assert (box[0] / name).stat().st_size < 200_000
    refuses(box, name, "too many bytes")


def test_too_many_bytes_of_archives_in_the_archive(box):
    for number in range(3):
        write_zip(box[0] / f"{number}.zip", [("set/0", bytes(40_000_000))])
    with zipfile.ZipFile(box[0] / "set.zip", "w") as file:
        for number in range(3):
            file.write(box[0] / f"{number}.zip", f"{number}.zip")
    refuses(box, "set.zip", "too many bytes", inner_archives="*.zip", expected_files=("*/set",))


def test_a_zip_that_says_less_than_it_has(box):
    write_zip(box[0] / "set.zip", [("set/0", bytes(120_000_000))])
    content = (box[0] / "set.zip").read_bytes()
    real, claimed = struct.pack("<L", 120_000_000), struct.pack("<L", 10)
    assert content.count(real) == 2
    (box[0] / "set.zip").write_bytes(content.replace(real, claimed))
    refuses(box, "set.zip", "cannot be unpacked")


@pytest.mark.parametrize("name", WRITERS)
def test_a_cut_archive_leaves_nothing(box, name):
    WRITERS[name](box[0] / name)
    content = (box[0] / name).read_bytes()
    (box[0] / name).write_bytes(content[: len(content) * 2 // 5])
    refuses(box, name, "cannot be unpacked")


@pytest.mark.parametrize("name", WRITERS)
def test_a_web_page_is_no_archive(box, name):
    (box[0] / name).write_text("<html>Please log in</html>")
    refuses(box, name, "cannot be unpacked")


def test_an_archive_of_something_else(box):
    with zipfile.ZipFile(box[0] / "set.zip", "w") as file:
        file.writestr("set/list.txt", "1")
    refuses(box, "set.zip", "has no folder with list.txt and a/")
