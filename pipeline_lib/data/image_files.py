"""The image files of a data set: found below its folder, and whether they can be used.

The readers of all layouts take the files that ``usable``, ``existing`` and ``image_names`` return. While
a set is read (``data.reading``), these open the headers, and collect the files that cannot be used.
"""

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path

from pipeline_lib.common.command import progress
from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import below
from pipeline_lib.common.images import ADVICE, UnreadableImage, absence
from pipeline_lib.data.reading import (
    BESIDE,
    DEEPER,
    HIDDEN,
    LOOP,
    NO_CLASS,
    NO_IMAGE,
    current_reading,
    pass_over,
)

_AT_ONCE = 1000  # images handed to the threads together
_OWN = (".snakemake_timestamp",)  # what a run leaves in the folders that it writes


def files_below(folder: Path, excluded_folders: Collection[str] = ()) -> Iterator[Path]:
    """Yield the files below ``folder``, in no order.

    Links are followed; a link that leads nowhere is yielded too. Hidden files and folders, and links to
    a folder above, are passed over; ``excluded_folders`` are skipped.
    """
    folders = [(folder, frozenset())]
    while folders:
        current, above = folders.pop()
        status = os.stat(current)
        identity = (status.st_dev, status.st_ino)
        if identity in above:
            pass_over(current, LOOP)
            continue
        for entry in _visible(current):
            path = current / entry.name
            if not _is_folder(entry):
                yield path
            elif entry.name not in excluded_folders:
                folders.append((path, above | {identity}))


def images_below(
    folder: Path, belongs: Callable[[Path], object], others: tuple[str, str] = NO_IMAGE
) -> list[Path]:
    """Return the sorted files below ``folder`` that belong to a set, such as ``is_jpeg``.

    The ``others`` are passed over as files of that kind; links that lead nowhere are reported. None if
    there is no such folder.
    """
    found = []
    for path in files_below(folder) if folder.is_dir() else ():
        if belongs(path):
            found.append(path)
        elif not leads_nowhere(path):
            pass_over(path, others)
    return sorted(found)


def is_jpeg(path: Path | str) -> bool:
    """Tell whether a file is called .jpg or .jpeg, in any case."""
    return str(path).lower().endswith((".jpg", ".jpeg"))


def class_folders(
    folder: Path,
    wanted: Callable[[str], object] = lambda name: True,
    excluded: Collection[str] = (),
) -> list[Path]:
    """Return the sorted folders directly in ``folder`` with a ``wanted`` name; all else is passed over.

    The ``excluded`` are folders that the paper leaves out too. Links are followed; one that leads
    nowhere is reported. None if there is no such folder.
    """
    found = []
    for entry in _visible(folder) if folder.is_dir() else ():
        path = folder / entry.name
        if not _is_folder(entry):
            if not leads_nowhere(path):
                pass_over(path, BESIDE)
        elif entry.name in excluded:
            continue
        elif wanted(entry.name):
            found.append(path)
        else:
            pass_over(path, NO_CLASS)
    return sorted(found)


def files_in(
    folder: Path, belongs: Callable[[Path], object], known_folders: Collection[Path] = ()
) -> list[Path]:
    """Return the sorted files directly in ``folder`` that belong to a set; none if it is not there.

    All else but the ``known_folders`` is passed over; links that lead nowhere are reported.
    """
    found = []
    for entry in _visible(folder) if folder.is_dir() else ():
        path = folder / entry.name
        if _is_folder(entry):
            if path not in known_folders:
                pass_over(path, DEEPER)
        elif entry.is_symlink() and leads_nowhere(path):
            continue
        elif belongs(path):
            found.append(path)
        else:
            pass_over(path, NO_IMAGE)
    return sorted(found)


def image_names(
    folder: Path, *, headers: bool = True, known_folders: Collection[Path] = ()
) -> list[str]:
    """Return the sorted names of the ``usable`` images directly in ``folder``; see ``files_in``."""
    images = files_in(folder, is_jpeg, known_folders)
    return [path.name for path in usable(images, headers=headers)]


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


def mask_rows(root: Path, folder: str, names: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Return the manifest's rows of the object masks in ``folder``, relative to ``root``; [] without it.

    ``names`` are the masks' paths in the folder by image id; an image whose mask is not there has none.
    A link that leads nowhere has a row: whoever reads it is told.
    """
    if not below(root, folder).is_dir():
        return []
    paths = {image_id: f"{folder}/{name}" for image_id, name in names.items()}
    return [
        (image_id, path, "")
        for image_id, path in paths.items()
        if below(root, path).is_file() or below(root, path).is_symlink()
    ]


def _is_odd(path: Path) -> bool:
    """Tell whether something else than a file stands where a listed image should."""
    return path.is_symlink() and not leads_nowhere(path)


def leads_nowhere(path: Path) -> bool:
    """Report a link that leads nowhere; return whether it is one."""
    if not path.is_symlink() or path.exists():
        return False
    state = current_reading()
    if state is None:
        raise UnreadableImage(f"{path}: {absence(path)}; {ADVICE}")
    state.report_image(path, absence(path))
    return True


def _visible(folder: Path) -> Iterator[os.DirEntry]:
    """Yield what lies directly in a folder; hidden files and folders are passed over."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name in _OWN:
                continue
            if entry.name.startswith(".") or entry.name == "__MACOSX":
                pass_over(folder / entry.name, HIDDEN)
            else:
                yield entry


def _is_folder(entry: os.DirEntry) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _require_utf8(path: Path) -> None:
    try:
        str(path).encode()
    except UnicodeEncodeError:
        shown = os.fsencode(path).decode(errors="backslashreplace")
        raise InputError(f"{shown}: its name is not UTF-8; rename it") from None
