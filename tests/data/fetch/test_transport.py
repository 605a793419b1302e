"""What goes wrong on the way: cut connections, wrong bytes, mirrors, certificates."""

import hashlib
import shutil
import ssl
import subprocess

import pytest

from pipeline_lib.common.errors import InputError
from pipeline_lib.data import transport as module
from pipeline_lib.data.fetch import fetch
from tests.data.fetch.server import SHA256, ZIP, Server, archives, data_set, is_whole, make_zip


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


@pytest.mark.parametrize("note", ["", "{", "null", "{}"])
def test_a_part_whose_note_was_cut_off_is_fetched_from_the_start(server, root, note):
    server.plan += [{"cut_after": 300_000}] + [{"status": 503}] * module.ATTEMPTS
    with pytest.raises(InputError):
        fetch(data_set(server), root)
    (origin,) = root.rglob("*.part.json")
    origin.write_text(note)
    fetch(data_set(server), root)
    assert server.requests[-1].range is None
    assert is_whole(root)


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


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_an_error_that_passes(server, root, status):
    server.plan += [{"status": status}, {"status": status}]
    fetch(data_set(server), root)
    assert [request.answer for request in server.requests] == [status, status, 200]
    assert is_whole(root)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451, 501])
def test_a_refusal_that_lasts_is_asked_for_once_and_says_what_to_do(server, root, status):
    server.plan += [{"status": status}] * 10
    with pytest.raises(InputError) as caught:
        fetch(data_set(server), root)
    message = str(caught.value)
    assert len(server.requests) == 1
    assert "\n" not in message
    for part in (
        f"{server.address}/set.zip: the server answers {status} ",
        str(root / "archives" / "set.zip"),
        "put the file there yourself",
        "no rerun mends it",
    ):
        assert part in message
    assert "where it stopped" not in message
    assert not (root / "SET").exists()


def test_a_refusal_after_a_part_keeps_the_part(server, root):
    server.plan += [{"cut_after": 300_000}, {"status": 403}]
    with pytest.raises(InputError, match="the server answers 403"):
        fetch(data_set(server), root)
    fetch(data_set(server), root)
    assert server.requests[-1].range > 200_000
    assert is_whole(root)


@pytest.mark.parametrize("target", ["/set.zip", "ftp://127.0.0.1/set.zip", "http://[/set.zip"])
def test_a_redirect_that_leads_nowhere_is_not_tried_again(server, root, target):
    server.plan += [{"redirect": target}] * 200
    with pytest.raises(InputError, match=r"cannot be downloaded .* no rerun mends it"):
        fetch(data_set(server), root)
    assert len(server.requests) <= 31  # the library follows thirty


def test_a_part_of_a_version_that_is_gone_is_fetched_anew(server, root):
    """The server has a shorter file than the part, and no tag that would tell."""
    server.http.tag = None
    folder = root / "archives"
    folder.mkdir(parents=True)
    (folder / "set.zip.part").write_bytes(ZIP + b"more")
    (folder / "set.zip.part.json").write_text(
        f'{{"url": "{server.address}/set.zip", "validator": ""}}'
    )
    fetch(data_set(server), root)
    assert [request.answer for request in server.requests] == [416, 200]
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
    actual = hashlib.sha256(ZIP[:-1] + b"x").hexdigest()
    with pytest.raises(InputError) as caught:
        fetch(data_set(server), root)
    message = str(caught.value)
    assert "\n" not in message
    assert f"its sha256 is {actual}, not {SHA256[7:]}; the download was deleted" in message
    for part in (f"{server.address}/set.zip", str(root / "archives" / "set.zip"), "downloads.yaml"):
        assert part in message
    assert "cannot be downloaded" not in message
    assert "where it stopped" not in message
    assert archives(root) == []
    assert not (root / "SET").exists()
    fetch(data_set(server), root)
    assert is_whole(root)


def test_a_file_of_another_size_is_not_even_begun(server, root):
    server.files["/set.zip"] = b"<html>log in</html>"
    message = f"a wrong file was there .*the file there has 19 bytes, not {len(ZIP):,}"
    with pytest.raises(InputError, match=message):
        fetch(data_set(server, bytes=len(ZIP)), root)
    assert archives(root) == []


def test_mirrors_in_their_order(server, root):
    server.files["/wrong.zip"] = b"PK" + ZIP[2:-1] + b"x"
    addresses = [f"{server.address}/{name}.zip" for name in ("gone", "wrong", "set", "never")]
    fetch(data_set(server, urls=tuple(addresses)), root)
    requested = list(dict.fromkeys(request.path for request in server.requests))
    assert requested == ["/gone.zip", "/wrong.zip", "/set.zip"]
    assert is_whole(root)


def test_all_mirrors_gone_is_one_line_with_every_reason(server, root):
    addresses = (f"{server.address}/gone.zip", "http://127.0.0.1:9/set.zip")
    with pytest.raises(InputError) as caught:
        fetch(data_set(server, urls=addresses), root)
    message = str(caught.value)
    assert "\n" not in message
    assert "404" in message
    assert "rerun to go on" in message  # the second refuses connections, which may pass
    assert all(address in message for address in addresses)
    assert f"{root / 'archives' / 'set.zip'}" in message


@pytest.fixture
def secure(tmp_path, monkeypatch):
    """A server with a certificate of its own, which requests trusts."""
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
    slept = []
    monkeypatch.setattr(module.time, "sleep", slept.append)
    with pytest.raises(InputError, match=r"(?i)certificate.*no rerun mends it"):
        fetch(data_set(secure), root)
    assert slept == []
    assert secure.requests == []
