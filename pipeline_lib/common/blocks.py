"""Blocks of a long job's results on disk, so that a run that was killed can be resumed.

A block holds the results of consecutive images in a file of its own, which is written atomically. An
interrupted run does the blocks that are missing, and its result is the same byte for byte.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pipeline_lib.common.command import log
from pipeline_lib.common.errors import InputError, reason_of
from pipeline_lib.common.files import atomic, read_json, write_json

_NOTE = "key.json"


class BlockFormat(NamedTuple):
    """How a block is stored: the suffix of its file, and how it is written and read."""

    suffix: str
    write: Callable[[Path, object], None]
    read: Callable[[Path], object]


def _write_rows(path: Path, rows: object) -> None:
    path.write_text(json.dumps(rows), encoding="utf-8")


def _read_rows(path: Path) -> list:
    rows = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise ValueError("not a list of rows")
    return rows


ARRAY = BlockFormat(".npy", np.save, np.load)  # (m, d) arrays
ROWS = BlockFormat(".json", _write_rows, _read_rows)  # lists of rows of text, numbers and None


class Blocks:
    """The blocks of one job in ``folder``.

    ``key`` identifies the job: blocks with another key, of other images or other settings, are deleted.
    ``marks`` maps the images of each block, in order, to a fingerprint of their files: if a file is
    fetched again, only its own block is made again.
    """

    def __init__(
        self, folder: Path, key: str, marks: dict[range, str], form: BlockFormat = ARRAY
    ) -> None:
        self.folder, self.marks, self._form = folder, marks, form
        note = folder / _NOTE
        if note.exists() and read_json(note) != {"key": key}:
            log.info("%s: holds blocks of another job; they are deleted", folder)
            discard_blocks(folder)
        if not note.exists():
            write_json(note, {"key": key})

    def missing(self) -> list[range]:
        """Return the images of each block that is still to be made, in order."""
        return [block for block in self.marks if not self._path(block).exists()]

    def write(self, images: range, results: object) -> None:
        """Write the results of a block's images."""
        with atomic(self._path(images)) as temporary:
            self._form.write(temporary, results)

    def __iter__(self) -> Iterator[object]:
        for block in self.marks:
            path = self._path(block)
            try:
                results = self._form.read(path)
                # An image may have several rows, but its features are one.
                if self._form is ARRAY and len(results) != len(block):
                    raise ValueError(f"{len(results)} results of {len(block)} images")
            except MemoryError:
                raise
            except Exception as error:  # np.load raises many types for a damaged file
                reason = reason_of(error)
                raise InputError(f"{path}: spoiled ({reason}); delete it and rerun") from None
            yield results

    def _path(self, images: range) -> Path:
        return self.folder / f"{images.start:09d}-{self.marks[images]}{self._form.suffix}"


def block_ranges(count: int, size: int) -> list[range]:
    """Return the images of each block: ``range(count)`` in pieces of ``size``."""
    return [range(start, min(start + size, count)) for start in range(0, count, size)]


def discard_blocks(folder: Path) -> None:
    """Delete the blocks in a folder, and the folder unless it holds anything else."""
    if not (folder / _NOTE).exists():
        return
    for form in (ARRAY, ROWS):
        for path in folder.glob(f"*{form.suffix}"):  # also temporary files of a killed run
            if path.name != _NOTE:
                path.unlink()
    (folder / _NOTE).unlink()  # last: without it, blocks that are left would pass for another job's
    if not any(folder.iterdir()):
        folder.rmdir()
