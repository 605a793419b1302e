"""A full disk and a kill leave nothing that passes for whole."""

import errno
import os
import shutil
import signal
import subprocess
import sys

import pytest

from pipeline_lib.common.errors import InputError
from pipeline_lib.data import archives
from pipeline_lib.data.archives import unpack
from pipeline_lib.data.downloads import missing_files
from tests.data.archives.samples import (
    FILES,
    entry,
    member,
    tree,
    write_tar,
    write_zip,
)


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
from pipeline_lib.data.downloads import Archive
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
    assert bool(missing_files(entry("set.tar"), target)) != whole
    unpack(outside / "set.tar", entry("set.tar"), target)
    assert missing_files(entry("set.tar"), target) == []
    files = {f"set/{n}": content for n, (_, content) in tree(target).items() if content}
    assert files == FILES
    assert list(root.iterdir()) == [target]
