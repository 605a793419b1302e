"""Downloading a file over HTTP: resumable, retried where that can help, never from https to http."""

import os
import time
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pooch
import requests
import urllib3
from tqdm import tqdm

from pipeline_lib.common.command import log
from pipeline_lib.common.errors import InputError, reason_of
from pipeline_lib.common.files import read_json, write_json
from pipeline_lib.data.archives import require_space

ATTEMPTS = 5  # in a row without a new byte
PAUSE = 1.0  # seconds before the second attempt; doubles before each later one
TIMEOUT = (30, 120)  # seconds to connect; seconds without a byte
CHUNK = 1 << 16  # bytes; an interrupted connection loses no more than this
# Of the answers that refuse a request, those that may pass: too slow, too early, too many requests.
PASSING = (408, 425, 429)


class Unavailable(Exception):
    """The archive cannot be downloaded from a URL.

    ``passing``: later it may be. ``is_other_file``: what is there is not the archive.
    """

    def __init__(self, reason: str, passing: bool = False, is_other_file: bool = False) -> None:
        super().__init__(reason)
        self.passing, self.is_other_file = passing, is_other_file


class _Interrupted(requests.RequestException):
    """A download ended early."""


class _Session(requests.Session):
    """A session that never follows a redirect from https to http."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Return where a response redirects to; raises Unavailable for https to http, or nowhere."""
        target = super().get_redirect_target(resp)
        try:
            schemes = [urlsplit(url).scheme for url in (resp.url, urljoin(resp.url, target or ""))]
        except ValueError as error:
            raise Unavailable(f"redirects to '{target}', which is no address ({error})") from None
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
        """Download ``url``; raises Unavailable at once for what no second attempt can mend, and after
        ``ATTEMPTS`` in a row without a new byte."""
        failures, max_size = 0, self._size()
        with _Session() as session:
            while True:
                try:
                    self._receive(session, url)
                    break
                except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
                    if reason := _lasting(error):
                        raise Unavailable(reason) from None
                    failures = 0 if self._size() > max_size else failures + 1
                    max_size = max(max_size, self._size())
                    if failures == ATTEMPTS:
                        raise Unavailable(reason_of(error), passing=True) from None
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
                raise _Interrupted("the part that was there is of another version")
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
                raise Unavailable(
                    f"the file there has {total:,} bytes, not {self.size:,}", is_other_file=True
                )
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
        try:
            origin = read_json(self.origin)
            return origin["validator"] if origin["url"] == url else None
        except (InputError, KeyError):  # cut off when the machine died
            return None

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


def _lasting(error: Exception) -> str:
    """Return why no further attempt can mend an error, "" if one might."""
    if isinstance(error, requests.HTTPError):
        status, reason = error.response.status_code, error.response.reason
        lasts = (400 <= status < 500 and status not in PASSING) or status in (501, 505)
        return f"the server answers {status} {reason}" if lasts else ""
    lasting = (
        *(requests.TooManyRedirects, requests.exceptions.InvalidURL),
        *(requests.exceptions.InvalidSchema, requests.exceptions.MissingSchema),
    )
    untrusted = isinstance(error, requests.exceptions.SSLError) and "CERTIFICATE" in str(error)
    return reason_of(error) if untrusted or isinstance(error, lasting) else ""


def _validator_of(response: requests.Response) -> str:
    tag = response.headers.get("ETag", "")
    strong = tag if not tag.startswith("W/") else ""
    return strong or response.headers.get("Last-Modified", "")
