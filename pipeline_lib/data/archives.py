"""Unpacking archives that may be hostile, so that a data set's folder is either complete or absent.

Every member is read through its library and written here, as a plain file of that name or not at
all: no link, device, mode or owner in an archive ever reaches the disk. (Python's own extraction
filter is applied as well, but chains of links have bypassed it; see CVE-2025-4517.)
"""

import errno
import os
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path, PureWindowsPath
from typing import IO, NamedTuple

import rarfile

from pipeline_lib.common.command import progress
from pipeline_lib.common.errors import InputError, reason_of
from pipeline_lib.data.downloads import Archive, has_match

TAR = (".tar", ".tar.gz", ".tgz")
CHUNK = 1 << 20


class Refused(Exception):
    """An archive contains something that no data set needs."""


_BROKEN = (
    *(Refused, tarfile.TarError, zipfile.BadZipFile, rarfile.Error, zlib.error, EOFError),
    *(KeyError, ValueError, RuntimeError),  # a link to nothing, an impossible name, a password
)
_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO}


class Member(NamedTuple):
    """A file in an archive, or a folder (``open`` is None)."""

    name: str
    open: Callable[[], IO[bytes] | None] | None


class Budget:
    """How many members and bytes an archive, with the archives inside it, may still unpack to.

    Limits that ``downloads.yaml`` does not set are 100 MB plus 20 times the archive's size, and 1,000
    members plus one for each 64 bytes of the archive.
    """

    def __init__(self, archive: Archive, size: int) -> None:
        self.members = archive.max_members or size // 64 + 1_000
        self.bytes = archive.max_bytes or size * 20 + 100_000_000

    def spend(self, members: int = 0, size: int = 0) -> None:
        """Subtract what was unpacked; raises Refused if that exceeds the budget."""
        self.members -= members
        self.bytes -= size
        if self.members < 0:
            raise Refused("it has too many members")
        if self.bytes < 0:
            raise Refused("it unpacks to too many bytes")


def unpack(path: Path, archive: Archive, target: Path) -> None:
    """Unpack the archive at ``path`` and move its data folder to ``target``.

    It is unpacked into a hidden folder beside ``target`` and renamed, so that a killed run leaves no
    ``target``. If ``target`` exists, the entries it lacks are moved into it one by one; the hidden
    folder then lies in it, marks it as unfinished (``downloads.missing_files``) and is deleted last.

    Raises InputError for an archive that is broken, hostile, too large unpacked, or lacks the expected
    files; nothing of it is left then. Raises OSError if the disk is full.
    """
    target = target.resolve()
    exists = target.is_dir()
    stage = (target if exists else target.parent) / archive.unpacking_folder
    for leftover in (stage, target.parent / archive.unpacking_folder):  # of a killed run
        shutil.rmtree(leftover, ignore_errors=True)
    stage.mkdir(parents=True)
    try:
        data = _data_folder(_extract_all(path, archive, stage), archive.expected_files)
        os.sync()  # before the rename; one call for 100,000 files
    except BaseException as error:
        shutil.rmtree(stage, ignore_errors=True)
        if isinstance(error, rarfile.RarCannotExec):
            raise InputError(f"{path}: install unrar, unar, 7z or bsdtar, and rerun") from None
        if isinstance(error, OSError) and error.errno in _DISK:
            error.filename = str(target)
            raise
        if isinstance(error, (*_BROKEN, OSError)):
            raise InputError(
                f"{path}: cannot be unpacked ({reason_of(error)}); delete it and fetch it again"
            ) from None
        raise  # the user's interrupt, or a defect
    if not exists:
        os.rename(data, target)
    else:
        for entry in sorted(data.iterdir()):
            if not (target / entry.name).exists():
                os.rename(entry, target / entry.name)
    shutil.rmtree(stage, ignore_errors=True)


def _extract_all(path: Path, archive: Archive, stage: Path) -> Path:
    """Extract the archive and its inner archives; return the folder they were extracted to."""
    budget = Budget(archive, path.stat().st_size)
    outer = stage / "outer"
    extract(path, outer, budget)
    if archive.inner_archives is None:
        return outer
    for inner in sorted(outer.rglob(archive.inner_archives)):
        extract(inner, stage / "inner" / inner.name.partition(".")[0], budget)
        inner.unlink()  # keeping the large ones would take twice the disk space
    return stage / "inner"


def _data_folder(top: Path, expected_files: tuple[str, ...]) -> Path:
    """Return the uppermost folder that has all expected files."""
    level = [top] if top.is_dir() else []
    while level:
        for folder in level:
            if all(has_match(folder, pattern) for pattern in expected_files):
                return folder
        level = sorted(child for folder in level for child in folder.iterdir() if child.is_dir())
    raise Refused(f"it has no folder with {' and '.join(expected_files)} in it")


def extract(path: Path, folder: Path, budget: Budget) -> None:
    """Write all members of an archive below ``folder``; a file that is no archive is copied there.

    Raises Refused for a member that is not a plain file or folder, would lie outside ``folder``, or
    exceeds the budget; a broken archive raises its library's own error.
    """
    folder.mkdir(parents=True)
    size = path.stat().st_size
    if path.suffix in (".zip", ".rar"):
        members, min_bytes = _directory(path)
    elif path.name.endswith(TAR):
        members, min_bytes = _tar(path, folder), size
    else:
        members, min_bytes = iter([Member(path.name, partial(open, path, "rb"))]), size
    if min_bytes > budget.bytes:
        raise Refused("it unpacks to too many bytes")
    require_space(folder, min_bytes, f"unpacking {path.name}")
    for name, open_member in progress(members, f"unpacking {path.name}"):
        budget.spend(members=1)
        target = folder / _safe(name)
        if open_member is None:
            target.mkdir(parents=True, exist_ok=True)
            continue
        source = open_member()
        if source is None:
            raise Refused(f"'{name}' in it is not a file")
        target.parent.mkdir(parents=True, exist_ok=True)
        with source, open(target, "wb") as file:
            while chunk := source.read(CHUNK):
                budget.spend(size=len(chunk))
                file.write(chunk)


def require_space(folder: Path, size: int, purpose: str) -> None:
    """Raise InputError if fewer than ``size`` bytes are free in ``folder``."""
    free = shutil.disk_usage(folder).free
    if size > free:
        raise InputError(
            f"{folder}: {purpose} needs {size / 1e9:,.3f} GB, {free / 1e9:,.3f} GB are free; "
            "free some and rerun"
        )


def _safe(name: str) -> str:
    """Return a member's name; raises Refused for a path that leads out of its folder on any system."""
    path = PureWindowsPath(name)  # Windows paths have the most ways out of a folder
    if path.drive or path.root or ".." in path.parts:
        raise Refused(f"'{name}' in it lies outside its folder")
    return name


def _tar(path: Path, folder: Path) -> Iterator[Member]:
    """Yield the members of a tar in order; opening a link opens the member it points to."""
    if not hasattr(tarfile, "data_filter"):
        raise InputError(
            f"{path}: unpacking it safely needs Python 3.11.4 or newer; use a newer one"
        )
    with tarfile.open(path, "r:*") as tar:
        for info in tar:
            tarfile.data_filter(info, str(folder))
            yield Member(info.name, None if info.isdir() else partial(tar.extractfile, info))


def _directory(path: Path) -> tuple[Iterator[Member], int]:
    """Return the members of a .zip or .rar, and their total size in bytes by its directory."""
    archive = (zipfile.ZipFile if path.suffix == ".zip" else rarfile.RarFile)(path)
    infos = archive.infolist()

    def members() -> Iterator[Member]:
        with archive:
            for info in infos:
                open_file = partial(archive.open, info) if _is_file(info) else lambda: None
                yield Member(info.filename, None if info.is_dir() else open_file)

    return members(), sum(info.file_size for info in infos)


def _is_file(info: zipfile.ZipInfo | rarfile.RarInfo) -> bool:
    if isinstance(info, zipfile.ZipInfo):  # the mode, if it has one, says so
        return stat.S_IFMT(info.external_attr >> 16) in (0, stat.S_IFREG)
    return info.is_file()
