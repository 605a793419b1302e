"""The image files of a data set: found below its folder, and whether they can be decoded.

The readers of all layouts take the files that ``usable``, ``existing`` and ``image_names`` return. By
default these are all of them, and none is opened. Inside ``leaving_out``, files that cannot be decoded
are left out as if they were not there.
"""

import os
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

from pipeline_lib.common.command import progress
from pipeline_lib.common.errors import InputError
from pipeline_lib.common.images import ADVICE, UnreadableImage, absence, open_rgb

_AT_ONCE = 1000  # images handed to the threads together


def files_below(folder: Path, excluded_folders: Collection[str] = ()) -> Iterator[Path]:
    """Yield the files below ``folder``, in no order.

    Links are followed; a link that leads nowhere is yielded too. Hidden files and folders, and
    ``excluded_folders``, are skipped.
    """
    folders, visited = [folder], set()
    while folders:
        current = folders.pop()
        identity = os.stat(current)
        if (identity.st_dev, identity.st_ino) in visited:  # a link to a parent folder
            continue
        visited.add((identity.st_dev, identity.st_ino))
        with os.scandir(current) as entries:
            for entry in entries:
                if entry.name.startswith(".") or entry.name in excluded_folders:
                    continue
                if entry.is_dir():
                    folders.append(current / entry.name)
                else:
                    yield current / entry.name


def image_names(folder: Path) -> list[str]:
    """Return the sorted names of the ``existing`` images that lie directly in ``folder``.

    An image is a file called .jpg or .jpeg in any case. Folders, hidden files, Thumbs.db and the like
    are skipped.
    """
    with os.scandir(folder) as entries:
        names = sorted(
            entry.name
            for entry in entries
            if entry.name.lower().endswith((".jpg", ".jpeg"))
            and not entry.name.startswith(".")
            and not entry.is_dir()
            and (entry.is_file() or _is_left_to_check(Path(entry.path)))
        )
    return [path.name for path in usable(folder / name for name in names)]


def existing(paths: Iterable[Path]) -> list[Path]:
    """Return those of the files that are there and ``usable``.

    Raises UnreadableImage for a link that leads nowhere, unless such files are left out.
    """
    return usable(path for path in paths if path.is_file() or _is_left_to_check(path))


def usable(paths: Iterable[Path]) -> list[Path]:
    """Return those of the image files that a set can use: all of them, but inside ``leaving_out``.

    Raises InputError for a name that no table can hold, and inside ``leaving_out`` for a file that the
    system cannot read, such as for want of permission.
    """
    paths, check = list(paths), _CHECK.get()
    for path in paths:
        _require_utf8(path)
    if check is None:
        return paths
    reasons = {}
    for start in progress(range(0, len(paths), _AT_ONCE), "decoding"):
        some = paths[start : start + _AT_ONCE]
        reasons |= zip(some, check.pool.map(_why_unreadable, some), strict=True)
    check.left_out |= {path: reason for path, reason in reasons.items() if reason}
    return [path for path in paths if not reasons[path]]


@dataclass
class _Check:
    pool: ThreadPoolExecutor
    left_out: dict[Path, str] = field(default_factory=dict)


_CHECK: ContextVar[_Check | None] = ContextVar("check", default=None)


@contextmanager
def leaving_out(threads: int) -> Iterator[dict[Path, str]]:
    """Inside, ``usable`` decodes every file, in ``threads`` threads; Pillow decodes without the GIL.

    Yields the files that were left out, each with a line that says why, as they are found.
    """
    with ThreadPoolExecutor(threads) as pool:
        check = _Check(pool)
        token = _CHECK.set(check)
        try:
            yield check.left_out
        finally:
            _CHECK.reset(token)
            pool.shutdown(cancel_futures=True)


def _why_unreadable(path: Path) -> str:
    """Return why an image cannot be decoded, in a line; "" if it can."""
    try:
        open_rgb(path, advice="left out")
    except UnreadableImage as error:
        return str(error)
    return ""


def _is_left_to_check(path: Path) -> bool:
    """Tell whether a path that is no file is a link to nothing; refuse it if none is to be left out."""
    if not path.is_symlink():
        return False
    if _CHECK.get() is None:
        raise UnreadableImage(f"{path}: {absence(path)}; {ADVICE}")
    return True


def _require_utf8(path: Path) -> None:
    try:
        str(path).encode()
    except UnicodeEncodeError:
        shown = os.fsencode(path).decode(errors="backslashreplace")
        raise InputError(f"{shown}: its name is not UTF-8; rename it") from None
