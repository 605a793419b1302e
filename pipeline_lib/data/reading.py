"""What holds while a set is read: the view of its images, and files that cannot be used.

Inside ``reading``, such files are collected: at its end all are refused together, or left out and
counted. Outside, where a reader is called alone, the first one raises InputError. Files and folders
that do not belong to a set, such as hidden ones, are collected too, by their kind, and are no error.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.images import (
    STORED,
    VIEWS,
    Header,
    UnreadableImage,
    open_rgb,
    read_header,
)

_LISTED = 10  # files that a message names
HIDDEN = ("hidden file or folder", "hidden files and folders")  # a kind, in singular and plural
NO_IMAGE = ("file that is no image", "files that are no images")
DEEPER = ("folder in a folder of images", "folders in folders of images")
NO_CLASS = ("folder that is no class", "folders that are no classes")
BESIDE = ("file beside the folders of classes", "files beside the folders of classes")
EMPTY = ("folder without an image", "folders without an image")
LOOP = ("link to a folder that it lies in", "links to folders that they lie in")
UNLISTED = ("file that is not listed", "files that are not listed")
TWICE = ("second file of an image", "second files of images")
_LEAVE_OUT = "leave such files out (images.unreadable: skip)"


@dataclass
class Reading:
    """A set that is being read, its images in ``view``; ``skip`` leaves out what cannot be used.

    ``images`` and ``others`` are lines, each of a file that cannot be used; ``advice`` is the first
    one's. ``headers`` are those of the usable images that were opened. ``passed_over`` has the files and
    folders that the reader did not take, by their kind, in singular and plural.
    """

    view: str
    skip: bool
    pool: ThreadPoolExecutor
    images: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    advice: str = ""
    headers: dict[Path, Header] = field(default_factory=dict)
    passed_over: dict[tuple[str, str], list[Path]] = field(default_factory=dict)

    def why_unusable(self, path: Path) -> str | None:
        """Return why an image cannot be used, None if it can; decode it if it would be left out.

        Raises InputError for one that the system cannot read.
        """
        try:
            self.headers[path] = read_header(path)
            if self.skip:  # Pillow decodes without the GIL
                open_rgb(path, STORED)
        except UnreadableImage as error:
            return error.reason
        return None

    def report_image(self, path: Path, reason: str) -> None:
        """Take note of an image that cannot be used."""
        self.images.append(f"{path}: {reason}")
        self.headers.pop(path, None)

    def refuse(self) -> None:
        """Raise InputError if any file cannot be used, and none is to be left out."""
        lines = self.images + self.others
        if self.skip or not lines:
            return
        listed = first_ten(lines)
        advice = self.advice if self.others and len(lines) == 1 else _fetch(len(lines))
        raise InputError(f"{listed}; {advice}, or {_LEAVE_OUT}")


_READING: ContextVar[Reading | None] = ContextVar("reading", default=None)


@contextmanager
def reading(view: str, *, skip: bool, threads: int) -> Iterator[Reading]:
    """Read a set inside; images are opened, or decoded if unusable ones are skipped, in ``threads``.

    Raises InputError at the end as ``Reading.refuse``, in place of what the reader then raises for want
    of files.
    """
    with ThreadPoolExecutor(threads) as pool:
        state = Reading(view, skip, pool)
        token = _READING.set(state)
        try:
            yield state
        except InputError:
            state.refuse()
            raise
        finally:
            _READING.reset(token)
            pool.shutdown(cancel_futures=True)
        state.refuse()


def current_reading() -> Reading | None:
    """Return what holds now; None where a reader is called alone."""
    return _READING.get()


def pass_over(path: Path, kind: tuple[str, str]) -> None:
    """Take note of a file or folder that is not read; ``kind``: what it is, in singular and plural."""
    if state := _READING.get():
        state.passed_over.setdefault(kind, []).append(path)


def first_ten(lines: list[object]) -> str:
    """Return the first ten lines as one, and how many more there are."""
    more = [f"and {len(lines) - _LISTED:,} more"] if len(lines) > _LISTED else []
    return "; ".join([*map(str, lines[:_LISTED]), *more])


def report(path: Path | str, what: str, advice: str) -> None:
    """Say that an annotation, a line or a file cannot be used: its reader leaves it out.

    ``advice`` is what to do instead of leaving it out. Raises InputError outside ``reading``.
    """
    state = _READING.get()
    if state is None:
        raise InputError(f"{path}: {what}; {advice}")
    state.advice = state.advice or advice
    state.others.append(f"{path}: {what}")


def report_error(error: InputError) -> None:
    """Report what a file's own reader raised, ``path: what; advice``. Raises it outside ``reading``."""
    state = _READING.get()
    if state is None:
        raise error
    line, _, advice = str(error).rpartition("; ")
    state.advice = state.advice or advice
    state.others.append(line)


def header_of(path: Path) -> Header:
    """Return an image's header, which is read once while a set is read. Raises UnreadableImage."""
    state = _READING.get()
    found = state.headers.get(path) if state else None
    return found or read_header(path)


def current_view() -> str:
    """Return the view in which the images of the set are read."""
    state = _READING.get()
    return state.view if state else STORED


def image_size(path: Path) -> tuple[int, int]:
    """Return an image's (width, height) in pixels, in the view of the set that is being read."""
    return header_of(path).size(current_view())


def annotated_view(header: Header, size: tuple[int, int]) -> str | None:
    """Return the view of an image that was annotated at ``size`` (width, height); None if neither fits.

    A size fits that has the image's aspect, up to rounding. Where both views do, it is the set's.
    """
    view = current_view()
    views = (view, *(other for other in VIEWS if other != view))
    return next((each for each in views if same_aspect(header.size(each), size)), None)


def same_aspect(size: tuple[int, int], other: tuple[int, int]) -> bool:
    """Tell whether two sizes (width, height) have the same aspect, up to rounding to whole pixels."""
    (width, height), (other_width, other_height) = size, other
    rounding = max(width + height, other_width + other_height)
    return abs(width * other_height - height * other_width) <= rounding


def _fetch(count: int) -> str:
    return "fetch it again" if count == 1 else "fetch them again"
