"""Blocks of features on disk, so that an extraction that was killed can be resumed.

A block holds the features of consecutive images in a file of its own, which is written atomically. An
interrupted run is resumed after its last block, and its features file is the same byte for byte.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pipeline_lib.common.command import log
from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import atomic, read_json, write_json

_NOTE = "key.json"


class Blocks:
    """The blocks of one extraction in ``folder``.

    ``key`` identifies the extraction: blocks with another key, of another network, other images or
    other settings, are deleted. ``marks`` maps the images of each block, in order, to a fingerprint of
    their files: if a file is fetched again, only its own block is extracted again.
    """

    def __init__(self, folder: Path, key: str, marks: dict[range, str]) -> None:
        self.folder, self.marks = folder, marks
        note = folder / _NOTE
        if note.exists() and read_json(note) != {"key": key}:
            log.info("%s: holds blocks of another extraction; they are deleted", folder)
            discard_blocks(folder)
        if not note.exists():
            write_json(note, {"key": key})

    def missing(self) -> list[range]:
        """Return the images of each block that is still to be extracted, in order."""
        return [block for block in self.marks if not self._path(block).exists()]

    def write(self, images: range, features: np.ndarray) -> None:
        """Write the (m, d) float32 features of a block's images."""
        with atomic(self._path(images)) as temporary:
            np.save(temporary, features)

    def __iter__(self) -> Iterator[np.ndarray]:
        for block in self.marks:
            path = self._path(block)
            try:
                features = np.load(path, allow_pickle=False)
            except (OSError, ValueError, EOFError) as error:
                raise InputError(f"{path}: spoiled ({error}); delete it and rerun") from None
            yield features

    def _path(self, images: range) -> Path:
        return self.folder / f"{images.start:09d}-{self.marks[images]}.npy"


def discard_blocks(folder: Path) -> None:
    """Delete the blocks in a folder, and the folder unless it holds anything else."""
    if not (folder / _NOTE).exists():
        return
    for path in folder.glob("*.npy"):  # also temporary files of a killed run
        path.unlink()
    (folder / _NOTE).unlink()
    if not any(folder.iterdir()):
        folder.rmdir()
