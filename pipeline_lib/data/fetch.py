"""Fetching a data set: resumable downloads, verified, then unpacked."""

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
from pipeline_lib.data.downloads import Archive, DataSet, missing_files, state

ATTEMPTS = 5  # in a row without a new byte
PAUSE = 1.0  # seconds before the second attempt; doubles before each later one
TIMEOUT = (30, 120)  # seconds to connect; seconds without a byte
CHUNK = 1 << 16  # bytes; an interrupted connection loses no more than this


def fetch(data_set: DataSet, root: Path) -> None:
    """Download and unpack what is missing of a data set below ``root``; existing files are kept.

    An archive that lies in ``root/archives`` is used instead of a download, and stays there.
    Raises InputError for a set that needs a login, for an archive that cannot be downloaded or has the
    wrong size or checksum, and if the disk has too little space.
    """
    for archive in data_set.archives:
        target = root / data_set.folder / archive.subfolder
        if not missing_files(archive, target):
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
    result = state(data_set, root)
    log.info("%s: %s", data_set.name, "; ".join((str(result), *result.missing)))


def download(archive: Archive, folder: Path) -> Path:
    """Download an archive to ``folder`` from the first URL that works; return its path.

    Raises InputError with the reason of each URL if none works.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / archive.file
    checksum = _known_checksum(archive, path)
    pooch.get_logger().setLevel("WARNING")
    reasons = []
    for url in archive.urls:
        log.info("downloading %s", url)
        part = path.with_name(f"{path.name}.part")
        downloader = Downloader(part, archive.bytes, checked=checksum is not None)
        try:
            pooch.retrieve(url, checksum, path.name, folder, downloader=downloader)
        except Unavailable as error:
            reasons.append(f"{url}: {error}")
        except ValueError:  # pooch's error for a wrong hash
            reasons.append(f"{url}: the checksum is not {checksum}")
            downloader.delete_partial()
        else:
            downloader.delete_partial()
            return path
    raise InputError(
        f"{path}: cannot be downloaded ({'; '.join(reasons)}); rerun to continue where it stopped, "
        f"or put the file there yourself"
    )


def verify(archive: Archive, path: Path) -> None:
    """Raise InputError if the user's file has another size or checksum than the archive."""
    size, checksum = path.stat().st_size, _known_checksum(archive, path)
    if archive.bytes not in (None, size):
        raise InputError(
            f"{path}: has {size:,} bytes, not {archive.bytes:,}; delete it and fetch it again"
        )
    if checksum is not None:
        algorithm, digest = checksum.split(":")
        log.info("verifying %s", path)
        actual = pooch.file_hash(str(path), alg=algorithm)
        if actual != digest:
            raise InputError(
                f"{path}: its {algorithm} is {actual}, not {digest}; delete it and fetch it again"
            )


def _record(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _known_checksum(archive: Archive, path: Path) -> str | None:
    """Return the checksum an archive must have: of ``downloads.yaml``, or the one recorded beside it."""
    if archive.checksum is not None or not _record(path).exists():
        return archive.checksum
    text = _record(path).read_text(encoding="utf-8")
    digest = re.match(r"[0-9a-f]{64}\b", text)
    if digest is None:
        raise InputError(f"{_record(path)}: does not begin with a SHA-256; delete it and rerun")
    return f"sha256:{digest[0]}"


class Unavailable(Exception):
    """The archive cannot be downloaded from a URL."""


class _Interrupted(requests.RequestException):
    """A download ended early."""


class _Session(requests.Session):
    """A session that never follows a redirect from https to http."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Return where a response redirects to; raises Unavailable for https to http."""
        target = super().get_redirect_target(resp)
        schemes = [urlsplit(url).scheme for url in (resp.url, urljoin(resp.url, target or ""))]
        if schemes[0] == "https" != schemes[1]:
            raise Unavailable(f"redirects from https to {schemes[1]}, which is refused")
        return target


class Downloader:
    """A downloader for ``pooch.retrieve`` that keeps partial downloads in ``part`` and resumes them.

    ``size`` is the archive's in bytes, if known. The server's ETag (else its date) of the file is
    stored beside ``part``, to resume only the same version. If the server sends neither, ``part`` is
    only resumed if the caller verifies a checksum afterwards (``checked``).
    """

    def __init__(self, part: Path, size: int | None, checked: bool) -> None:
        self.part = part
        self.size = size
        self.checked = checked
        self.origin = part.with_name(f"{part.name}.json")

    def __call__(self, url: str, output_file: str, _pooch: pooch.Pooch | None) -> None:
        """Download ``url``; raises Unavailable after ``ATTEMPTS`` in a row without a new byte."""
        failures, max_size = 0, self._size()
        with _Session() as session:
            while True:
                try:
                    self._receive(session, url)
                    break
                except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
                    failures = 0 if self._size() > max_size else failures + 1
                    max_size = max(max_size, self._size())
                    if failures == ATTEMPTS:
                        raise Unavailable(str(error).splitlines()[0]) from None
                    log.info("%s: %s; trying again", url, error)
                    time.sleep(PAUSE * 2 ** max(0, failures - 1))
        try:  # a second name, so that a kill during the verification loses nothing
            os.unlink(output_file)
            os.link(self.part, output_file)
        except OSError:  # a file system without hard links
            os.replace(self.part, output_file)

    def delete_partial(self) -> None:
        """Delete the partial download."""
        self.part.unlink(missing_ok=True)
        self.origin.unlink(missing_ok=True)

    def _size(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def _receive(self, session: requests.Session, url: str) -> None:
        """Get the rest of the file, or the whole file, in one request."""
        validator = self._validator(url)
        offset = self._size() if validator or (validator is not None and self.checked) else 0
        headers = {"Accept-Encoding": "identity"}
        if offset:
            headers |= {"Range": f"bytes={offset}-"} | (
                {"If-Range": validator} if validator else {}
            )
        with session.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
            if (
                offset and response.status_code == 416
            ):  # the part is complete, or of another version
                if response.headers.get("Content-Range") == f"bytes */{offset}":
                    return
                self.delete_partial()
            response.raise_for_status()
            resumes = response.status_code == 206
            if resumes and not response.headers.get("Content-Range", "").startswith(
                f"bytes {offset}-"
            ):
                self.delete_partial()
                raise _Interrupted("the server sent another byte range than requested")
            offset = offset if resumes else 0
            length = response.headers.get("Content-Length")
            total = None if length is None else offset + int(length)
            if total is not None and self.size not in (None, total):
                raise Unavailable(f"the file there has {total:,} bytes, not {self.size:,}")
            require_space(
                self.part.parent,
                (total or self.size or 0) - offset,
                f"downloading {self.part.stem}",
            )
            if not resumes:
                write_json(self.origin, {"url": url, "validator": _validator_of(response)})
            self._write(response, offset, total)
        if total is not None and self._size() < total:
            raise _Interrupted(f"interrupted at {self._size():,} of {total:,} bytes")

    def _validator(self, url: str) -> str | None:
        """Return the ETag or date stored for the part: "" if none was sent, None without a part."""
        if not (self.part.exists() and self.origin.exists()):
            return None
        origin = read_json(self.origin)
        return origin["validator"] if origin["url"] == url else None

    def _write(self, response: requests.Response, offset: int, total: int | None) -> None:
        bar_options = {"unit": "B", "unit_scale": True, "leave": False, "dynamic_ncols": True}
        try:
            with (
                open(self.part, "ab" if offset else "wb") as file,
                tqdm(
                    desc=self.part.stem, total=total, initial=offset, disable=None, **bar_options
                ) as bar,
            ):
                for chunk in response.raw.stream(CHUNK, decode_content=False):
                    file.write(chunk)
                    bar.update(len(chunk))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            error.filename = str(self.part)  # the error of a full disk does not name the file
            raise


def _validator_of(response: requests.Response) -> str:
    tag = response.headers.get("ETag", "")
    strong = tag if not tag.startswith("W/") else ""
    return strong or response.headers.get("Last-Modified", "")
