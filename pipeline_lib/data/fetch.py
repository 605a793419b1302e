"""Fetching a data set: downloads that go on where they were cut, verified, then unpacked."""

import os
import re
import time
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pooch
import requests
import urllib3
from tqdm import tqdm

from pipeline_lib.common.command import log
from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import read_json, write_json, write_text
from pipeline_lib.data.archives import require_space, unpack
from pipeline_lib.data.catalogue import Archive, DataSet, lacks, state

ATTEMPTS = 5  # in a row that got no further
PAUSE = 1.0  # seconds before the second attempt, doubled before each later one
TIMEOUT = (30, 120)  # seconds to connect, and without a byte
CHUNK = 1 << 16  # a cut connection loses no more than this


def fetch(data_set: DataSet, root: Path) -> None:
    """Put below ``root`` what is missing of a data set; what is there is left alone.

    An archive in ``root/archives`` is taken before anything is downloaded, and stays there.
    Raises InputError for a set behind a login, for an archive that cannot be had or is not what it
    should be, and where the disk has too little space.
    """
    for archive in data_set.archives:
        target = root / data_set.at / archive.to
        if not lacks(archive, target):
            log.info("%s: there already, %s is not needed", target, archive.file)
            continue
        path = root / "archives" / archive.file
        if not path.exists():
            if data_set.login:
                raise InputError(
                    f"{data_set.name} cannot be fetched without a login: register at "
                    f"{data_set.login}, put {archive.file} into {path.parent} and rerun, or put or "
                    f"link its contents at {target}"
                )
            download(archive, path.parent)
        else:
            verify(archive, path)
        log.info("unpacking %s", path)
        unpack(path, archive, target)
        if archive.checksum is None and not _record(path).exists():
            write_text(_record(path), f"{pooch.file_hash(str(path))}  {path.name}\n")
        log.info("%s: unpacked; %s may be deleted", target, path)
    now = state(data_set, root)
    log.info("%s: %s", data_set.name, "; ".join((str(now), *now.missing)))


def download(archive: Archive, folder: Path) -> Path:
    """Download an archive to ``folder`` from the first address that has it; return its path.

    Raises InputError with each address's reason where none does.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / archive.file
    known = _known(archive, path)
    pooch.get_logger().setLevel("WARNING")
    reasons = []
    for address in archive.addresses:
        log.info("downloading %s", address)
        part = path.with_name(f"{path.name}.part")
        downloader = Downloader(part, archive.bytes, trusted=known is not None)
        try:
            pooch.retrieve(address, known, path.name, folder, downloader=downloader)
        except Unavailable as error:
            reasons.append(f"{address}: {error}")
        except ValueError:  # pooch's for a wrong hash
            reasons.append(f"{address}: not what it should be, {known}")
            downloader.forget()
        else:
            downloader.forget()
            return path
    raise InputError(
        f"{path}: cannot be downloaded ({'; '.join(reasons)}); rerun to go on where it stopped, or "
        f"put the file there yourself"
    )


def verify(archive: Archive, path: Path) -> None:
    """Raise InputError where the user's file is not the archive, by its size or checksum."""
    size, known = path.stat().st_size, _known(archive, path)
    if archive.bytes not in (None, size):
        raise InputError(
            f"{path}: has {size:,} bytes, not {archive.bytes:,}; delete it and fetch it again"
        )
    if known is not None:
        algorithm, digest = known.split(":")
        log.info("verifying %s", path)
        found = pooch.file_hash(str(path), alg=algorithm)
        if found != digest:
            raise InputError(
                f"{path}: its {algorithm} is {found}, not {digest}; delete it and fetch it again"
            )


def _record(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _known(archive: Archive, path: Path) -> str | None:
    """Return the checksum an archive must have: the catalogue's, or what was recorded of it."""
    if archive.checksum is not None or not _record(path).exists():
        return archive.checksum
    text = _record(path).read_text(encoding="utf-8")
    digest = re.match(r"[0-9a-f]{64}\b", text)
    if digest is None:
        raise InputError(f"{_record(path)}: does not begin with a SHA-256; delete it and rerun")
    return f"sha256:{digest[0]}"


class Unavailable(Exception):
    """An address from which the archive cannot be had."""


class _Cut(requests.RequestException):
    """A download that ended before its end."""


class _Session(requests.Session):
    """A session that never leaves https for http."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Return where a response redirects to; raises Unavailable for https to http."""
        target = super().get_redirect_target(resp)
        schemes = [urlsplit(url).scheme for url in (resp.url, urljoin(resp.url, target or ""))]
        if schemes[0] == "https" != schemes[1]:
            raise Unavailable(f"redirects from https to {schemes[1]}, which is refused")
        return target


class Downloader:
    """A downloader for ``pooch.retrieve`` that keeps what it has in ``part`` and goes on from there.

    ``size`` is the archive's where it is known. What the server says the file is (its ETag, else
    its date) is kept beside ``part``; where it says nothing, a part is only used if a checksum will
    show whether the whole is right (``trusted``).
    """

    def __init__(self, part: Path, size: int | None, trusted: bool) -> None:
        self.part = part
        self.size = size
        self.trusted = trusted
        self.origin = part.with_name(f"{part.name}.json")

    def __call__(self, url: str, output_file: str, _pooch: pooch.Pooch | None) -> None:
        """Download ``url``; raises Unavailable when attempts that get no further are used up."""
        failures, most = 0, self._have()
        with _Session() as session:
            while True:
                try:
                    self._receive(session, url)
                    break
                except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
                    failures = 0 if self._have() > most else failures + 1
                    most = max(most, self._have())
                    if failures == ATTEMPTS:
                        raise Unavailable(str(error).splitlines()[0]) from None
                    log.info("%s: %s; trying again", url, error)
                    time.sleep(PAUSE * 2 ** max(0, failures - 1))
        try:  # a second name, so that a kill during the verification loses nothing
            os.unlink(output_file)
            os.link(self.part, output_file)
        except OSError:  # a file system without
            os.replace(self.part, output_file)

    def forget(self) -> None:
        """Delete what was kept."""
        self.part.unlink(missing_ok=True)
        self.origin.unlink(missing_ok=True)

    def _have(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def _receive(self, session: requests.Session, url: str) -> None:
        """Get the rest of the file, or all of it, in one request."""
        validator = self._validator(url)
        have = self._have() if validator or (validator is not None and self.trusted) else 0
        headers = {"Accept-Encoding": "identity"}
        if have:
            headers |= {"Range": f"bytes={have}-"} | ({"If-Range": validator} if validator else {})
        with session.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
            if have and response.status_code == 416:  # the part is all there is, or no part of it
                if response.headers.get("Content-Range") == f"bytes */{have}":
                    return
                self.forget()
            response.raise_for_status()
            goes_on = response.status_code == 206
            if goes_on and not response.headers.get("Content-Range", "").startswith(
                f"bytes {have}-"
            ):
                self.forget()
                raise _Cut("answered with another part than was asked for")
            have = have if goes_on else 0
            length = response.headers.get("Content-Length")
            total = None if length is None else have + int(length)
            if total is not None and self.size not in (None, total):
                raise Unavailable(f"has {total:,} bytes there, not {self.size:,}")
            require_space(
                self.part.parent, (total or self.size or 0) - have, f"downloading {self.part.stem}"
            )
            if not goes_on:
                write_json(self.origin, {"url": url, "validator": _validator_of(response)})
            self._write(response, have, total)
        if total is not None and self._have() < total:
            raise _Cut(f"was cut at {self._have():,} of {total:,} bytes")

    def _validator(self, url: str) -> str | None:
        """Return what the part's server said the file is, "" for nothing, None without a part."""
        if not (self.part.exists() and self.origin.exists()):
            return None
        origin = read_json(self.origin)
        return origin["validator"] if origin["url"] == url else None

    def _write(self, response: requests.Response, have: int, total: int | None) -> None:
        shown = {"unit": "B", "unit_scale": True, "leave": False, "dynamic_ncols": True}
        try:
            with (
                open(self.part, "ab" if have else "wb") as file,
                tqdm(desc=self.part.stem, total=total, initial=have, disable=None, **shown) as bar,
            ):
                for chunk in response.raw.stream(CHUNK, decode_content=False):
                    file.write(chunk)
                    bar.update(len(chunk))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            error.filename = str(self.part)  # a full disk does not say what was written
            raise


def _validator_of(response: requests.Response) -> str:
    tag = response.headers.get("ETag", "")
    strong = tag if not tag.startswith("W/") else ""
    return strong or response.headers.get("Last-Modified", "")
