"""Fetching, against a server of our own on this machine that can be told to misbehave."""

import contextlib
import errno
import hashlib
import http.server
import io
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import threading
import time
import zipfile
from collections import namedtuple

import pytest

from pipeline_lib import fetch as step
from pipeline_lib.common.errors import InputError
from pipeline_lib.data import fetch as module
from pipeline_lib.data.catalogue import Archive, DataSet, state
from pipeline_lib.data.fetch import fetch

Request = namedtuple("Request", "path range condition answer")


def make_zip(name="set"):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        file.writestr(f"{name}/list.txt", "1\n")
        file.writestr(f"{name}/a/1.jpg", os.urandom(1_000_000))
    return content.getvalue()


ZIP = make_zip()
SHA256 = f"sha256:{hashlib.sha256(ZIP).hexdigest()}"


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves ``server.files``; ``server.plan`` has what to do to the next requests, good by default."""

    def do_GET(self):
        server = self.server
        act = server.plan.pop(0) if server.plan else {}
        content = act.get("content", server.files.get(self.path))
        given = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        condition = self.headers.get("If-Range")
        start = int(given[1]) if given and not act.get("ignores_range") else 0
        if condition not in (None, server.tag):
            start = 0
        if "redirect" in act:
            status, content = 302, b""
        elif "status" in act or content is None:
            status, content = act.get("status", 404), b"<html>no</html>"
        elif start >= len(content) > 0:
            status, content = 416, b""
        else:
            status = 206 if start else 200
        server.requests.append(
            Request(self.path, given and int(given[1]), condition, act.get("status", status))
        )
        self.send_response(status)
        if "redirect" in act:
            self.send_header("Location", act["redirect"])
        if status == 416:
            self.send_header("Content-Range", f"bytes */{len(server.files[self.path])}")
        if status == 206:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            content = content[start:]
        if server.tag and status < 300:
            self.send_header("ETag", server.tag)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.wfile.write(content[: act.get("cut_after")])
            if "hangs" in act:
                self.wfile.flush()
                act["hangs"].wait(30)

    def log_message(self, *_):
        pass


class Server:
    """A server on 127.0.0.1 and what it was asked for."""

    def __init__(self, context=None):
        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        if context is not None:
            self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
        self.http.files, self.http.plan, self.http.requests = {"/set.zip": ZIP}, [], []
        self.http.tag = '"v1"'
        scheme = "http" if context is None else "https"
        self.address = f"{scheme}://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()

    def __getattr__(self, name):
        return getattr(self.http, name)

    def close(self):
        self.http.shutdown()
        self.http.server_close()


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(module, "PAUSE", 0)
    one = Server()
    yield one
    one.close()


@pytest.fixture
def root(tmp_path):
    return tmp_path / "data"


def data_set(server, path="/set.zip", login=None, **changes):
    archive = {
        "file": "set.zip",
        "holds": ("list.txt", "a/*.jpg"),
        "addresses": (f"{server.address}{path}",),
        "checksum": SHA256,
        "images": 1,
    }
    return DataSet("set", "Set", "SET", (Archive(**archive | changes),), login=login)


def is_whole(root):
    with zipfile.ZipFile(io.BytesIO(ZIP)) as file:
        photograph = file.read("set/a/1.jpg")
    return (root / "SET" / "a" / "1.jpg").read_bytes() == photograph


def archives(root):
    return sorted(path.name for path in (root / "archives").iterdir())


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


@pytest.mark.parametrize("ignores_range", [False, True])
def test_a_cut_connection_goes_on(server, root, ignores_range):
    server.plan += [{"cut_after": 300_000}, {"ignores_range": ignores_range, "cut_after": 400_000}]
    fetch(data_set(server), root)
    assert is_whole(root)
    starts = [request.range for request in server.requests]
    assert starts[0] is None
    assert 200_000 < starts[1] <= 300_000  # at most what was under way is lost
    assert starts[2] > starts[1]
    assert [request.condition for request in server.requests] == [None, '"v1"', '"v1"']
    assert archives(root) == ["set.zip"]


def test_a_server_that_forever_cuts_at_the_same_place_is_given_up(server, root):
    server.plan += [{"cut_after": 300_000, "ignores_range": True}] * 100
    with pytest.raises(InputError, match="cannot be downloaded"):
        fetch(data_set(server), root)
    assert len(server.requests) <= 2 + module.ATTEMPTS
    assert not (root / "SET").exists()
    assert "set.zip" not in archives(root)


def test_a_file_that_changed_meanwhile_is_fetched_from_the_start(server, root):
    server.plan += [{"cut_after": 300_000}] + [{"status": 503}] * module.ATTEMPTS
    other = make_zip()
    with pytest.raises(InputError):
        fetch(data_set(server, checksum=None), root)
    server.files["/set.zip"], server.http.tag = other, '"v2"'
    fetch(data_set(server, checksum=None), root)
    assert (root / "archives" / "set.zip").read_bytes() == other


def test_without_a_tag_or_a_checksum_a_part_is_not_trusted(server, root):
    server.http.tag = None
    server.plan += [{"cut_after": 300_000}]
    fetch(data_set(server, checksum=None), root)
    assert [request.range for request in server.requests] == [None, None]
    shutil.rmtree(root)
    server.plan += [{"cut_after": 300_000}]
    fetch(data_set(server), root)
    assert server.requests[-1].range > 200_000
    assert is_whole(root)


@pytest.mark.parametrize("status", [404, 429, 500, 503])
def test_an_error_that_passes(server, root, status):
    server.plan += [{"status": status}, {"status": status}]
    fetch(data_set(server), root)
    assert [request.answer for request in server.requests] == [status, status, 200]
    assert is_whole(root)


def test_pauses_grow(server, root, monkeypatch):
    slept = []
    monkeypatch.setattr(module, "PAUSE", 1.0)
    monkeypatch.setattr(module.time, "sleep", slept.append)
    server.plan += [{"status": 503}] * 4
    fetch(data_set(server), root)
    assert slept == [1, 2, 4, 8]


def test_wrong_bytes_are_thrown_away(server, root):
    server.plan += [{"content": ZIP[:-1] + b"x"}]
    with pytest.raises(InputError, match=f"not what it should be, {SHA256}") as caught:
        fetch(data_set(server), root)
    assert "\n" not in str(caught.value)
    assert archives(root) == []
    assert not (root / "SET").exists()
    fetch(data_set(server), root)
    assert is_whole(root)


def test_a_file_of_another_size_is_not_even_begun(server, root):
    server.files["/set.zip"] = b"<html>log in</html>"
    with pytest.raises(InputError, match=f"has 19 bytes there, not {len(ZIP):,}"):
        fetch(data_set(server, bytes=len(ZIP)), root)
    assert archives(root) == []


def test_mirrors_in_their_order(server, root):
    server.files["/wrong.zip"] = b"PK" + ZIP[2:-1] + b"x"
    addresses = [f"{server.address}/{name}.zip" for name in ("gone", "wrong", "set", "never")]
    fetch(data_set(server, addresses=tuple(addresses)), root)
    asked = list(dict.fromkeys(request.path for request in server.requests))
    assert asked == ["/gone.zip", "/wrong.zip", "/set.zip"]
    assert is_whole(root)


def test_all_mirrors_gone_is_one_line_with_every_reason(server, root):
    addresses = (f"{server.address}/gone.zip", "http://127.0.0.1:9/set.zip")
    with pytest.raises(InputError) as caught:
        fetch(data_set(server, addresses=addresses), root)
    message = str(caught.value)
    assert "\n" not in message
    assert "404" in message
    assert all(address in message for address in addresses)
    assert f"{root / 'archives' / 'set.zip'}" in message


def test_without_a_checksum_the_first_good_one_is_recorded_and_holds(server, root):
    one = data_set(server, checksum=None)
    fetch(one, root)
    record = root / "archives" / "set.zip.sha256"
    assert record.read_text() == f"{SHA256[7:]}  set.zip\n"
    shutil.rmtree(root / "SET")
    (root / "archives" / "set.zip").unlink()
    server.files["/set.zip"] = make_zip()
    with pytest.raises(InputError, match=f"not what it should be, {SHA256}"):
        fetch(one, root)
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
    fetch(data_set(server, images=100), root)
    assert server.requests == []
    assert (root / "SET").is_symlink()
    assert (root / "SET" / "list.txt").read_text() == "mine"
    assert state(data_set(server, images=100), root).missing == ("1 of 100 images",)


def test_only_the_missing_archive_is_fetched(server, root):
    """As where the user has SUN397 without its partitions."""
    (root / "SET" / "a").mkdir(parents=True)
    (root / "SET" / "a" / "1.jpg").write_text("mine")
    (images,) = data_set(server, holds=("a/*.jpg",), file="images.zip").archives
    (lists,) = data_set(server, holds=("list.txt",), to="lists", images=None).archives
    fetch(DataSet("set", "Set", "SET", (images, lists)), root)
    assert [request.path for request in server.requests] == ["/set.zip"]
    assert (root / "SET" / "a" / "1.jpg").read_text() == "mine"
    assert (root / "SET" / "lists" / "list.txt").exists()


def test_behind_a_login_it_says_where_to_register_and_what_to_put_where(server, root):
    one = data_set(server, login="example.org/register (free account)", addresses=())
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
from pipeline_lib.data.catalogue import Archive, DataSet
from pipeline_lib.data.fetch import fetch
root, address, checksum = sys.argv[1:]
archive = Archive("set.zip", ("list.txt", "a/*.jpg"), addresses=(address,), checksum=checksum)
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


@pytest.fixture
def secure(tmp_path, monkeypatch):
    """A server with a certificate of its own, which requests is told to trust."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed: no certificate to test with")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-keyout", str(key), "-out", str(certificate), "-subj", "/CN=127.0.0.1"),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    one = Server(context)
    yield one
    one.close()


def test_https_is_never_left_for_http(server, secure, root):
    secure.plan.append({"redirect": f"{server.address}/set.zip"})
    with pytest.raises(InputError, match="redirects from https to http, which is refused"):
        fetch(data_set(secure), root)
    assert server.requests == []
    assert not (root / "SET").exists()
    secure.plan.append({"redirect": "/set.zip"})
    fetch(data_set(secure), root)
    assert is_whole(root)


def test_a_certificate_that_is_not_trusted_is_refused(secure, root, monkeypatch):
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    monkeypatch.setattr(module, "PAUSE", 0)
    with pytest.raises(InputError, match=r"(?i)certificate"):
        fetch(data_set(secure), root)
    assert secure.requests == []


def test_the_step_is_one_line_without_a_folder_or_behind_a_login(tmp_path, capsys):
    assert step.main(["--set", "scene15", "--data-root", ""]) == 1
    assert capsys.readouterr().err == (
        "error: config.data_root: not set; add --config data_root=DIR\n"
    )
    assert step.main(["--set", "ilsvrc_val", "--data-root", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    for part in ("image-net.org", "ILSVRC2012_img_val.tar", str(tmp_path / "archives")):
        assert part in said


def test_the_step_leaves_what_is_there(tmp_path, capsys):
    (tmp_path / "scene_categories" / "kitchen").mkdir(parents=True)
    (tmp_path / "scene_categories" / "kitchen" / "image_0001.jpg").touch()
    assert step.main(["--set", "scene15", "--data-root", str(tmp_path)]) == 0
    said = capsys.readouterr().err
    assert "there already" in said
    assert "part of it; 1 of 4,485 images" in said
    assert not (tmp_path / "archives").exists()
