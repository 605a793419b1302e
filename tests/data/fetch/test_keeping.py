"""What is fetched, what is left alone, what a kill or a full disk leaves."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.downloads import DataSet, state
from pipeline_lib.data.fetch import fetch
from pipeline_lib.steps.data import fetch as step
from tests.data.fetch.server import SHA256, ZIP, archives, data_set, is_whole, make_zip


def test_fetched_once_and_never_again(server, root):
    one = data_set(server)
    fetch(one, root)
    assert is_whole(root)
    assert state(one, root).missing == ()
    assert archives(root) == ["set.zip"]
    fetch(one, root)
    (root / "archives" / "set.zip").unlink()
    fetch(one, root)
    assert len(server.requests) == 1


def test_without_a_checksum_the_first_good_one_is_recorded_and_holds(server, root):
    one = data_set(server, checksum=None)
    fetch(one, root)
    record = root / "archives" / "set.zip.sha256"
    assert record.read_text() == f"{SHA256[7:]}  set.zip\n"
    shutil.rmtree(root / "SET")
    (root / "archives" / "set.zip").unlink()
    server.files["/set.zip"] = make_zip()
    with pytest.raises(InputError) as caught:
        fetch(one, root)
    message = str(caught.value)
    assert SHA256[7:] in message
    assert f"delete {record} to take the new one" in message
    assert "where it stopped" not in message
    assert not (root / "SET").exists()
    server.files["/set.zip"] = ZIP
    fetch(one, root)
    assert is_whole(root)


def test_of_an_archive_that_cannot_be_unpacked_nothing_is_recorded(server, root):
    server.files["/set.zip"] = b"<html>log in</html>"
    with pytest.raises(InputError, match="cannot be unpacked"):
        fetch(data_set(server, checksum=None), root)
    assert archives(root) == ["set.zip"]
    assert not (root / "SET").exists()


def test_the_users_archive_is_taken(server, root):
    (root / "archives").mkdir(parents=True)
    (root / "archives" / "set.zip").write_bytes(ZIP)
    fetch(data_set(server), root)
    assert is_whole(root)
    assert server.requests == []


@pytest.mark.parametrize(
    ("content", "changes", "named"),
    [
        (ZIP[:-1] + b"x", {}, "its sha256 is"),
        (ZIP[:-1], {"bytes": len(ZIP)}, f"has {len(ZIP) - 1:,} bytes, not {len(ZIP):,}"),
    ],
)
def test_the_users_archive_must_be_the_right_one_and_stays(server, root, content, changes, named):
    (root / "archives").mkdir(parents=True)
    path = root / "archives" / "set.zip"
    path.write_bytes(content)
    with pytest.raises(InputError, match=named):
        fetch(data_set(server, **changes), root)
    assert path.read_bytes() == content
    assert not (root / "SET").exists()
    assert server.requests == []


def test_a_folder_the_user_has_is_left_alone(server, root):
    (root / "elsewhere" / "a").mkdir(parents=True)
    for name in ("list.txt", "a/1.jpg"):
        (root / "elsewhere" / name).write_text("mine")
    (root / "SET").symlink_to(root / "elsewhere")
    fetch(data_set(server, file_count=100), root)
    assert server.requests == []
    assert (root / "SET").is_symlink()
    assert (root / "SET" / "list.txt").read_text() == "mine"
    assert state(data_set(server, file_count=100), root).missing == ("1 of 100 images",)


def test_only_the_missing_archive_is_fetched(server, root):
    """As where the user has SUN397 without its partitions."""
    (root / "SET" / "a").mkdir(parents=True)
    (root / "SET" / "a" / "1.jpg").write_text("mine")
    (images,) = data_set(server, expected_files=("a/*.jpg",), file="images.zip").archives
    (lists,) = data_set(
        server, expected_files=("list.txt",), subfolder="lists", file_count=None
    ).archives
    fetch(DataSet("set", "Set", "SET", (images, lists)), root)
    assert [request.path for request in server.requests] == ["/set.zip"]
    assert (root / "SET" / "a" / "1.jpg").read_text() == "mine"
    assert (root / "SET" / "lists" / "list.txt").exists()


def test_behind_a_login_it_says_where_to_register_and_what_to_put_where(server, root):
    one = data_set(server, login="example.org/register (free account)", urls=())
    with pytest.raises(InputError) as caught:
        fetch(one, root)
    message = str(caught.value)
    assert "\n" not in message
    for part in ("example.org/register", "set.zip", str(root / "archives"), str(root / "SET")):
        assert part in message
    (root / "archives").mkdir(parents=True)
    (root / "archives" / "set.zip").write_bytes(ZIP)
    fetch(one, root)
    assert is_whole(root)


def test_too_little_space_is_said_before_the_first_byte(server, root, monkeypatch):
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(
        shutil, "disk_usage", lambda _: usage._replace(free=len(ZIP) - 1), raising=True
    )
    with pytest.raises(InputError, match=r"downloading set.zip needs 0.001 GB, 0.001 GB are free"):
        fetch(data_set(server), root)
    assert not (root / "SET").exists()
    assert "set.zip" not in archives(root)
    assert not (root / "archives" / "set.zip.part").exists()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_a_disk_that_fills_up_on_the_way_is_named(server, root):
    part = root / "archives" / "set.zip.part"
    part.parent.mkdir(parents=True)
    part.symlink_to("/dev/full")
    with pytest.raises(OSError) as caught:
        fetch(data_set(server), root)
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, str(part))
    assert not (root / "SET").exists()
    assert "set.zip" not in archives(root)


KILLED = """
import sys
from pathlib import Path
from pipeline_lib.data.downloads import Archive, DataSet
from pipeline_lib.data.fetch import fetch
root, address, checksum = sys.argv[1:]
archive = Archive("set.zip", ("list.txt", "a/*.jpg"), urls=(address,), checksum=checksum)
fetch(DataSet("set", "Set", "SET", (archive,)), Path(root))
"""


def test_killed_in_mid_download_it_goes_on(server, root):
    released = threading.Event()
    server.plan.append({"cut_after": 500_000, "hangs": released})
    command = [sys.executable, "-c", KILLED, str(root), f"{server.address}/set.zip", SHA256]
    child = subprocess.Popen(command)
    part = root / "archives" / "set.zip.part"
    waited = time.monotonic() + 60
    while not (part.exists() and part.stat().st_size >= 400_000):
        assert child.poll() is None
        assert time.monotonic() < waited
        time.sleep(0.02)
    child.send_signal(signal.SIGKILL)
    child.wait()
    released.set()
    assert not (root / "SET").exists()
    assert not (root / "archives" / "set.zip").exists()
    fetch(data_set(server), root)
    assert server.requests[-1].range >= 400_000
    assert is_whole(root)


def test_killed_after_the_last_byte_nothing_is_fetched_again(server, root):
    folder = root / "archives"
    folder.mkdir(parents=True)
    (folder / "set.zip.part").write_bytes(ZIP)
    address = f"{server.address}/set.zip"
    (folder / "set.zip.part.json").write_text(f'{{"url": "{address}", "validator": "\\"v1\\""}}')
    fetch(data_set(server), root)
    assert [request.answer for request in server.requests] == [416]
    assert is_whole(root)
    assert archives(root) == ["set.zip"]


def test_the_step_is_one_line_without_a_folder_or_behind_a_login(tmp_path, capsys):
    assert step.main(["--set", "scene15", "--data-root", ""]) == 1
    assert capsys.readouterr().err == (
        "error: config.data_root: not set; add --config data_root=DIR\n"
    )
    assert step.main(["--set", "ilsvrc_val", "--data-root", str(tmp_path)]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    for part in ("image-net.org", "ILSVRC2012_img_val.tar", str(tmp_path / "archives")):
        assert part in error


def test_the_step_leaves_what_is_there(tmp_path, capsys):
    (tmp_path / "scene_categories" / "kitchen").mkdir(parents=True)
    (tmp_path / "scene_categories" / "kitchen" / "image_0001.jpg").touch()
    assert step.main(["--set", "scene15", "--data-root", str(tmp_path)]) == 0
    error = capsys.readouterr().err
    assert "there already" in error
    assert "part of it; 1 of 4,485 images" in error
    assert not (tmp_path / "archives").exists()


def test_below_an_odd_folder_it_is_the_same(server, tmp_path, monkeypatch):
    (tmp_path / "a 'b' Größe").mkdir()
    (tmp_path / "link").symlink_to("a 'b' Größe")
    monkeypatch.chdir(tmp_path / "link")
    fetch(data_set(server), Path("../link/data"))
    assert is_whole(tmp_path / "a 'b' Größe" / "data")


@pytest.mark.parametrize("broken", ["SET", "data"])
def test_a_link_to_nothing_is_not_fetched_into(server, root, tmp_path, broken):
    """As where the disk that it leads to is not mounted."""
    link = tmp_path / broken if broken == "data" else root / broken
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(tmp_path / "disk" / "set")
    with pytest.raises(InputError) as caught:
        fetch(data_set(server), root)
    assert str(caught.value).startswith(
        f"{link} links to {tmp_path / 'disk' / 'set'}, which is not there; mount or correct it"
    )
    assert server.requests == []
    assert not (tmp_path / "disk").exists()


def test_a_folder_for_archives_that_is_read_only_is_no_obstacle(server, root, monkeypatch):
    (root / "archives").mkdir(parents=True)
    (root / "archives" / "set.zip").write_bytes(ZIP)

    def refuse(path, _):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    monkeypatch.setattr("pipeline_lib.data.fetch.write_text", refuse)
    fetch(data_set(server, checksum=None), root)
    assert is_whole(root)
    assert archives(root) == ["set.zip"]
