"""Fetching a data set: resumable downloads, verified, then unpacked."""

import errno
import re
from pathlib import Path

import pooch

from pipeline_lib.common.command import log
from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import write_text
from pipeline_lib.common.text import read_text
from pipeline_lib.data.archives import unpack
from pipeline_lib.data.downloads import Archive, DataSet, broken_link, missing_files, state
from pipeline_lib.data.transport import Downloader, Unavailable

_LIST = "pipeline_lib/data/downloads.yaml"


def fetch(data_set: DataSet, root: Path) -> None:
    """Download and unpack what is missing of a data set below ``root``; existing files are kept.

    An archive that lies in ``root/archives`` is used instead of a download, and stays there.
    Raises InputError for a set that needs a login, for an archive that cannot be downloaded or has the
    wrong size or checksum, for a folder that is a link to nothing, and if the disk has too little space.
    """
    for archive in data_set.archives:
        target = root / data_set.folder / archive.subfolder
        if not missing_files(archive, target):
            log.info("%s: there already, %s is not needed", target, archive.file)
            continue
        if broken := broken_link(target):
            raise InputError(f"{broken}; mount or correct it, or remove the link to fetch the set")
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
            _write_record(path)
        log.info("%s: unpacked; %s may be deleted", target, path)
    result = state(data_set, root)
    log.info("%s: %s", data_set.name, "; ".join((str(result), *result.missing)))


def download(archive: Archive, folder: Path) -> Path:
    """Download an archive to ``folder`` from the first URL that works; return its path.

    Raises InputError with the reason of each URL if none works, and what to do: whether a rerun helps.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / archive.file
    checksum = _known_checksum(archive, path)
    pooch.get_logger().setLevel("WARNING")
    reasons, passing, wrong = [], False, False
    for url in archive.urls:
        log.info("downloading %s", url)
        part = path.with_name(f"{path.name}.part")
        downloader = Downloader(part, archive.bytes, checked=checksum is not None)
        try:
            pooch.retrieve(url, checksum, path.name, folder, downloader=downloader)
        except Unavailable as error:
            reasons.append(f"{url}: {error}")
            passing, wrong = passing or error.passing, wrong or error.is_other_file
        except ValueError as error:  # pooch's error for a wrong hash
            actual = re.search(r"but got (\w+)", str(error))
            if actual is None:
                raise
            algorithm, digest = checksum.split(":")
            reasons.append(
                f"{url}: its {algorithm} is {actual[1]}, not {digest}; the download was deleted"
            )
            wrong = True
            downloader.delete_partial()
        else:
            downloader.delete_partial()
            return path
    problem = "a wrong file was there" if wrong else "cannot be downloaded"
    raise InputError(f"{path}: {problem} ({'; '.join(reasons)}); {_advice(path, passing, wrong)}")


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
                f"{path}: its {algorithm} is {actual}, not {digest}; delete it and fetch it again, or "
                "replace it by the right file"
            )


def _advice(path: Path, passing: bool, wrong: bool) -> str:
    """Say what to do about a failed download: ``passing`` and ``wrong`` as in ``Unavailable``."""
    if passing:
        return "rerun to go on where it stopped, or put the file there yourself"
    if not wrong:
        return f"put the file there yourself, or correct its address in {_LIST}; no rerun mends it"
    if _record(path).exists():
        return (
            f"it is not the file that was fetched before: delete {_record(path)} to take the new one, "
            "or put the old one there yourself"
        )
    return (
        f"rerun to fetch it once more; if it stays so, put the file of {_LIST} there yourself, or "
        "correct the list if the authors have replaced theirs"
    )


def _record(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _write_record(path: Path) -> None:
    """Record the checksum of an archive beside it, unless its folder is read-only."""
    try:
        write_text(_record(path), f"{pooch.file_hash(str(path))}  {path.name}\n")
    except OSError as error:
        if error.errno not in (errno.EROFS, errno.EACCES):
            raise
        log.info("%s: read-only, so the checksum of %s is not recorded", path.parent, path.name)


def _known_checksum(archive: Archive, path: Path) -> str | None:
    """Return the checksum an archive must have: of ``downloads.yaml``, or the one recorded beside it."""
    if archive.checksum is not None or not _record(path).exists():
        return archive.checksum
    text = read_text(_record(path), errors="replace")
    digest = re.match(r"[0-9a-f]{64}\b", text)
    if digest is None:
        raise InputError(f"{_record(path)}: does not begin with a SHA-256; delete it and rerun")
    return f"sha256:{digest[0]}"
