"""What goes wrong on the way: cut connections, wrong bytes, mirrors, certificates."""

import shutil
import ssl
import subprocess

import pytest

from pipeline_lib.common.errors import InputError
from pipeline_lib.data import fetch as module
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
    with pytest.raises(InputError, match=f"the checksum is not {SHA256}") as caught:
        fetch(data_set(server), root)
    assert "\n" not in str(caught.value)
    assert archives(root) == []
    assert not (root / "SET").exists()
    fetch(data_set(server), root)
    assert is_whole(root)


def test_a_file_of_another_size_is_not_even_begun(server, root):
    server.files["/set.zip"] = b"<html>log in</html>"
    with pytest.raises(InputError, match=f"the file there has 19 bytes, not {len(ZIP):,}"):
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
    with pytest.raises(InputError, match=r"(?i)certificate"):
        fetch(data_set(secure), root)
    assert secure.requests == []
