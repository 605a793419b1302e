"""Unpacking archives that may be hostile, so that a data set's folder is either whole or not there.

Every member is read through its library and written here, as a plain file of that name or not at
all: no link, no device, no mode and no owner of an archive ever reaches the disk. (Python's own
extraction filter is asked as well, but has been got round by chains of links; see CVE-2025-4517.)
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
from pipeline_lib.common.errors import InputError
from pipeline_lib.data.catalogue import Archive, has

TAR = (".tar", ".tar.gz", ".tgz")
CHUNK = 1 << 20


class Refused(Exception):
    """An archive has something in it that a data set has no need of."""


_BROKEN = (
    *(Refused, tarfile.TarError, zipfile.BadZipFile, rarfile.Error, zlib.error, EOFError),
    *(KeyError, ValueError, RuntimeError),  # a link to nothing, an impossible name, a password
)
_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO}


class Member(NamedTuple):
    """A file in an archive; or a folder, which has nothing to open."""

    name: str
    open: Callable[[], IO[bytes] | None] | None


class Budget:
    """How many members and bytes an archive, and those in it, may still unpack to.

    Unless the catalogue says otherwise, 20 times the archive's size and 100 MB, and a member for
    each 64 bytes of it and 1,000.
    """

    def __init__(self, archive: Archive, size: int) -> None:
        self.members = archive.members or size // 64 + 1_000
        self.bytes = archive.unpacked or size * 20 + 100_000_000

    def spend(self, members: int = 0, size: int = 0) -> None:
        """Take off what was unpacked; raises Refused where that is too much."""
        self.members -= members
        self.bytes -= size
        if self.members < 0:
            raise Refused("it has too many members")
        if self.bytes < 0:
            raise Refused("it unpacks to too many bytes")


def unpack(path: Path, archive: Archive, target: Path) -> None:
    """Unpack the archive at ``path`` and move what the catalogue wants of it to ``target``.

    It is unpacked into a hidden folder beside ``target`` and renamed, so that after a kill
    ``target`` is not there. Where ``target`` is there already, what it lacks is moved into it piece
    by piece, and the hidden folder in it, which ``catalogue.lacks`` looks for, goes last.

    Raises InputError for an archive that is broken, hostile, too large unpacked, or does not hold
    what it should; nothing of it is left then. Raises OSError where the disk is full.
    """
    target = target.resolve()
    there = target.is_dir()
    stage = (target if there else target.parent) / archive.stage
    for left in (stage, target.parent / archive.stage):  # by a kill
        shutil.rmtree(left, ignore_errors=True)
    stage.mkdir(parents=True)
    try:
        found = _wanted(_extract_all(path, archive, stage), archive.holds)
        os.sync()  # before the rename; one call for 100,000 files
    except BaseException as error:
        shutil.rmtree(stage, ignore_errors=True)
        if isinstance(error, rarfile.RarCannotExec):
            raise InputError(f"{path}: install unrar, unar, 7z or bsdtar, and rerun") from None
        if isinstance(error, OSError) and error.errno in _DISK:
            error.filename = str(target)
            raise
        if isinstance(error, (*_BROKEN, OSError)):
            reason = (str(error) or type(error).__name__).splitlines()[0]
            raise InputError(
                f"{path}: cannot be unpacked ({reason}); delete it and fetch it again"
            ) from None
        raise  # the user's interrupt, or a defect
    if not there:
        os.rename(found, target)
    else:
        for entry in sorted(found.iterdir()):
            if not (target / entry.name).exists():
                os.rename(entry, target / entry.name)
    shutil.rmtree(stage, ignore_errors=True)


def _extract_all(path: Path, archive: Archive, stage: Path) -> Path:
    """Extract the archive and those in it that are wanted; return the folder with the data."""
    budget = Budget(archive, path.stat().st_size)
    outer = stage / "outer"
    extract(path, outer, budget)
    if archive.inner is None:
        return outer
    for inside in sorted(outer.rglob(archive.inner)):
        extract(inside, stage / "inner" / inside.name.partition(".")[0], budget)
        inside.unlink()  # the larger ones would fill the disk twice
    return stage / "inner"


def _wanted(top: Path, holds: tuple[str, ...]) -> Path:
    """Return the uppermost folder that has all that it should hold."""
    level = [top] if top.is_dir() else []
    while level:
        for folder in level:
            if all(has(folder, pattern) for pattern in holds):
                return folder
        level = sorted(below for folder in level for below in folder.iterdir() if below.is_dir())
    raise Refused(f"it has no folder with {' and '.join(holds)} in it")


def extract(path: Path, folder: Path, budget: Budget) -> None:
    """Write all members of an archive below ``folder``; what is no archive is copied there.

    Raises Refused for a member that is no plain file or folder, would lie outside ``folder``, or
    exceeds the budget; a library's own error for a broken archive.
    """
    folder.mkdir(parents=True)
    size = path.stat().st_size
    if path.suffix in (".zip", ".rar"):
        members, least = _directory(path)
    elif path.name.endswith(TAR):
        members, least = _tar(path, folder), size
    else:
        members, least = iter([Member(path.name, partial(open, path, "rb"))]), size
    if least > budget.bytes:
        raise Refused("it unpacks to too many bytes")
    require_space(folder, least, f"unpacking {path.name}")
    for name, opened in progress(members, f"unpacking {path.name}"):
        budget.spend(members=1)
        target = folder / _safe(name)
        if opened is None:
            target.mkdir(parents=True, exist_ok=True)
            continue
        source = opened()
        if source is None:
            raise Refused(f"'{name}' in it is no file")
        target.parent.mkdir(parents=True, exist_ok=True)
        with source, open(target, "wb") as file:
            while chunk := source.read(CHUNK):
                budget.spend(size=len(chunk))
                file.write(chunk)


def require_space(folder: Path, size: int, purpose: str) -> None:
    """Raise InputError where fewer than ``size`` bytes are free in ``folder``."""
    free = shutil.disk_usage(folder).free
    if size > free:
        raise InputError(
            f"{folder}: {purpose} needs {size / 1e9:,.3f} GB, {free / 1e9:,.3f} GB are free; "
            "free some and rerun"
        )


def _safe(name: str) -> str:
    """Return a member's name; raises Refused for one that some system would put elsewhere."""
    path = PureWindowsPath(name)  # of all systems' paths it has the most ways out
    if path.drive or path.root or ".." in path.parts:
        raise Refused(f"'{name}' in it lies outside its folder")
    return name


def _tar(path: Path, folder: Path) -> Iterator[Member]:
    """Yield the members of a tar as they come; a link opens as the member that it is to."""
    if not hasattr(tarfile, "data_filter"):
        raise InputError(
            f"{path}: to unpack it safely takes Python 3.11.4 or newer; use a newer one"
        )
    with tarfile.open(path, "r:*") as tar:
        for info in tar:
            tarfile.data_filter(info, str(folder))
            yield Member(info.name, None if info.isdir() else partial(tar.extractfile, info))


def _directory(path: Path) -> tuple[Iterator[Member], int]:
    """Return the members of a .zip or .rar, and how many bytes their directory says they have."""
    archive = (zipfile.ZipFile if path.suffix == ".zip" else rarfile.RarFile)(path)
    infos = archive.infolist()

    def members() -> Iterator[Member]:
        with archive:
            for info in infos:
                plain = partial(archive.open, info) if _is_file(info) else lambda: None
                yield Member(info.filename, None if info.is_dir() else plain)

    return members(), sum(info.file_size for info in infos)


def _is_file(info: zipfile.ZipInfo | rarfile.RarInfo) -> bool:
    if isinstance(info, zipfile.ZipInfo):  # whose mode says so, where it has one
        return stat.S_IFMT(info.external_attr >> 16) in (0, stat.S_IFREG)
    return info.is_file()
