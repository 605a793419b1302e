"""The image files of a data set: found below its folder, and whether they can be used.

The readers of all layouts take the files that ``usable``, ``existing`` and ``image_names`` return. While
a set is read (``data.reading``), these open the headers, and collect the files that cannot be used.
"""

import os
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from pipeline_lib.common.command import progress
from pipeline_lib.common.errors import InputError
from pipeline_lib.common.images import ADVICE, UnreadableImage, absence
from pipeline_lib.data.reading import current_reading

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


def image_names(folder: Path, *, headers: bool = True) -> list[str]:
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
            and (entry.is_file() or not _leads_nowhere(Path(entry.path)))
        )
    return [path.name for path in usable((folder / name for name in names), headers=headers)]


def existing(paths: Iterable[Path], *, headers: bool = True) -> list[Path]:
    """Return those of the files that are there and ``usable``; links that lead nowhere are reported."""
    return usable((path for path in paths if path.is_file() or _is_odd(path)), headers=headers)


def usable(paths: Iterable[Path], *, headers: bool = True) -> list[Path]:
    """Return those of the image files that a set can use; the others are reported (``data.reading``).

    Without ``headers``, for sets of millions, files are not opened unless unreadable ones are left out.
    Raises InputError for a name that no table can hold, and for a file that the system cannot read,
    such as for want of permission.
    """
    paths, state = list(paths), current_reading()
    for path in paths:
        _require_utf8(path)
    if state is None or not (headers or state.skip):
        return paths
    found = []
    for start in progress(range(0, len(paths), _AT_ONCE), "opening"):
        some = paths[start : start + _AT_ONCE]
        reasons = state.pool.map(state.why_unusable, some)
        for path, reason in zip(some, reasons, strict=True):
            if reason is None:
                found.append(path)
            else:
                state.report_image(path, reason)
    return found


def _is_odd(path: Path) -> bool:
    """Tell whether something else than a file stands where a listed image should."""
    return path.is_symlink() and not _leads_nowhere(path)


def _leads_nowhere(path: Path) -> bool:
    """Report a link that leads nowhere; return whether it is one."""
    if not path.is_symlink() or path.exists():
        return False
    state = current_reading()
    if state is None:
        raise UnreadableImage(f"{path}: {absence(path)}; {ADVICE}")
    state.report_image(path, absence(path))
    return True


def _require_utf8(path: Path) -> None:
    try:
        str(path).encode()
    except UnicodeEncodeError:
        shown = os.fsencode(path).decode(errors="backslashreplace")
        raise InputError(f"{shown}: its name is not UTF-8; rename it") from None
