"""Unpacking: honest archives arrive whole, hostile ones leave nothing anywhere."""

import errno
import io
import os
import shutil
import signal
import stat
import struct
import subprocess
import sys
import tarfile
import zipfile
import zlib

import pytest
import rarfile

from pipeline_lib.common.errors import InputError
from pipeline_lib.data import archives
from pipeline_lib.data.archives import unpack
from pipeline_lib.data.catalogue import Archive, catalogue, lacks

FILES = {"set/a/1.jpg": b"one", "set/a/2.jpg": b"two" * 1000, "set/list.txt": b"1 2\n"}
HOLDS = ("list.txt", "a/*.jpg")


def entry(name, **changes):
    return Archive(**{"file": name, "holds": HOLDS, **changes})


def member(name, data=b"", kind=tarfile.REGTYPE, link="", mode=0o644):
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname, info.mode = len(data), kind, link, mode
    return info, io.BytesIO(data)


def write_tar(path, members=()):
    with tarfile.open(path, "w:gz" if path.name.endswith("gz") else "w") as tar:
        for info, data in [*(member(n, d) for n, d in FILES.items()), *members]:
            data.seek(0)
            tar.addfile(info, data)


def write_zip(path, members=()):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in [*FILES.items(), *members]:
            file.writestr(name, data)


def write_rar(path, members=(), attributes=0o100644, method=0x30):
    """Write a RAR 3 archive by hand, its members stored (method 0x30), after the format's description.

    A block is CRC16 of what follows, type, flags, size; ``attributes`` are those of ``members``.
    """

    def block(kind, flags, rest):
        head = struct.pack("<BHH", kind, flags, 7 + len(rest)) + rest
        return struct.pack("<H", zlib.crc32(head) & 0xFFFF) + head

    content = b"Rar!\x1a\x07\x00" + block(0x73, 0, bytes(6))
    for number, (name, data) in enumerate([*FILES.items(), *members]):
        mode = attributes if number >= len(FILES) else 0o100644
        sizes = (len(data), len(data), 3, zlib.crc32(data), 0x21 << 16, 20, method)  # 3: Unix
        rest = struct.pack("<LLBLLBBHL", *sizes, len(name), mode) + name.encode()
        content += block(0x74, 0x8000, rest) + data
    path.write_bytes(content + block(0x7B, 0x4000, b""))


WRITERS = {"set.tar": write_tar, "set.tgz": write_tar, "set.zip": write_zip, "set.rar": write_rar}


def tree(folder):
    """Return everything below a folder: names, kinds and contents."""
    found = {}
    for path in sorted(folder.rglob("*")):
        kind = stat.S_IFMT(path.lstat().st_mode)
        content = path.read_bytes() if stat.S_ISREG(path.lstat().st_mode) else None
        found[str(path.relative_to(folder))] = (kind, content)
    return found


@pytest.fixture
def box(tmp_path):
    """A folder with a neighbour, to see what gets out: (place for archives, data root)."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "precious").write_bytes(b"untouched")
    (tmp_path / "root").mkdir()
    return tmp_path / "outside", tmp_path / "root"


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
    assert lacks(entry(name), target)


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
    assert lacks(entry(name), unpacked) == []


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
    unpack(outside / "list.txt", entry("list.txt", holds=("list.txt",)), root / "set")
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
    wanted = entry("train.tar", holds=("n*/n*_*.JPEG",), inner="n*.tar")
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
    ],
)
def test_the_catalogues_sets_arrive_in_their_layouts(box, key, contents, arrives):
    outside, root = box
    one = catalogue()[key]
    for archive, inside in zip(one.archives, contents, strict=False):  # the rest are plain files
        (outside / archive.file).write_bytes(packed(archive.file, inside))
        unpack(outside / archive.file, archive, root / one.at / archive.to)
        assert lacks(archive, root / one.at / archive.to) == []
    assert all((root / one.at / path).is_file() for path in arrives)
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
    refuses(box, "set.zip", "lies outside its folder|is no file")
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
    refuses(box, "set.rar", "lies outside its folder|is no file")
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
    refuses(box, "set.tgz", "too many members", members=3_002)
    unpack(box[0] / "set.tgz", entry("set.tgz", members=3_003), box[1] / "set")


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
    refuses(box, "set.zip", "too many bytes", inner="*.zip", holds=("*/set",))


def test_a_zip_that_says_less_than_it_has(box):
    write_zip(box[0] / "set.zip", [("set/0", bytes(120_000_000))])
    content = (box[0] / "set.zip").read_bytes()
    real, said = struct.pack("<L", 120_000_000), struct.pack("<L", 10)
    assert content.count(real) == 2
    (box[0] / "set.zip").write_bytes(content.replace(real, said))
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


def test_a_full_disk_says_so_and_leaves_nothing(box, monkeypatch):
    write_tar(box[0] / "set.tgz")

    def full():
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(archives.os, "sync", full)
    with pytest.raises(OSError, match="No space left") as caught:
        unpack(box[0] / "set.tgz", entry("set.tgz"), box[1] / "set")
    assert caught.value.filename == str(box[1] / "set")
    assert list(box[1].iterdir()) == []


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 2 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("cannot mount a small file system here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_really_is_full(box, small_disk):
    noise = os.urandom(1000) * 3000  # 3 MB that pack to little, so that the check before passes
    write_tar(box[0] / "set.tgz", [member("set/0", noise)])
    with pytest.raises(OSError) as caught:
        unpack(box[0] / "set.tgz", entry("set.tgz"), small_disk / "set")
    assert caught.value.errno == errno.ENOSPC
    assert list(small_disk.iterdir()) == []
    write_zip(box[0] / "set.zip", [("set/0", noise)])
    with pytest.raises(InputError, match=r"unpacking set.zip needs 0.003 GB, 0.002 GB are free"):
        unpack(box[0] / "set.zip", entry("set.zip"), small_disk / "set")
    assert list(small_disk.iterdir()) == []


UNPACK = """
import sys
from pathlib import Path
from pipeline_lib.data import archives
from pipeline_lib.data.catalogue import Archive
path, target, step = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
if step == "writing":
    safe, names = archives._safe, []
    def waiting(name):
        names.append(name)
        if len(names) == 3:
            print("now", flush=True)
            sys.stdin.read()
        return safe(name)
    archives._safe = waiting
else:
    rename, done = archives.os.rename, []
    def waiting(*paths):
        rename(*paths)
        print("now", flush=True)
        sys.stdin.read()
    archives.os.rename = waiting
archives.unpack(path, Archive("set.tar", ("list.txt", "a/*.jpg")), target)
"""


@pytest.mark.parametrize("there", [False, True])
@pytest.mark.parametrize("step", ["writing", "moving"])
def test_killed_it_leaves_nothing_that_passes_and_is_done_again(box, step, there):
    outside, root = box
    write_tar(outside / "set.tar")
    target = root / "set"
    if there:
        target.mkdir()
    child = subprocess.Popen(
        [sys.executable, "-c", UNPACK, str(outside / "set.tar"), str(target), step],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdout.readline() == b"now\n"
    child.send_signal(signal.SIGKILL)
    child.communicate()
    whole = step == "moving" and not there  # one rename, after which all is there
    assert bool(lacks(entry("set.tar"), target)) != whole
    unpack(outside / "set.tar", entry("set.tar"), target)
    assert lacks(entry("set.tar"), target) == []
    files = {f"set/{n}": content for n, (_, content) in tree(target).items() if content}
    assert files == FILES
    assert list(root.iterdir()) == [target]
