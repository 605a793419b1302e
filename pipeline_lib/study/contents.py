"""What lies in folders and files of data_root, as short texts that do not depend on where these are.

Snakemake records them as params. A data set that is moved, linked or copied reruns nothing; one that
has changed is read again. They are made anew each time that the workflow is read, so they must be fast.
"""

import os
from collections.abc import Iterable
from pathlib import Path

from pipeline_lib.common.files import fingerprint

_FEW = 1000  # a folder with at most this many entries is compared by their sizes too
_SAMPLES, _SAMPLE_BYTES = 256, 4096


def contents(*paths: str) -> str:
    """Return a fingerprint of folders and files; those that are missing count as missing.

    Of a folder: the names directly in it, and in one of few entries the sizes of files. Of a file: its
    size and samples of its bytes, which differ for any two sets of weights.
    """
    return fingerprint(*map(_content, paths))


def _content(path: str) -> object:
    if os.path.isdir(path):
        with os.scandir(path) as entries:
            seen = (entry for entry in entries if not entry.name.startswith("."))  # as readers do
            found = sorted(seen, key=lambda entry: entry.name)
        if len(found) > _FEW:
            return [entry.name for entry in found]
        return [[entry.name, _size(entry)] for entry in found]
    if os.path.isfile(path):
        return [os.path.getsize(path), *_samples(Path(path))]
    return None


def _size(entry: os.DirEntry) -> int | None:
    """Return the size of a file; None for folders, whose size says nothing, and dangling links."""
    return os.path.getsize(entry.path) if os.path.isfile(entry.path) else None  # none of a loop


def _samples(path: Path) -> Iterable[str]:
    size = path.stat().st_size
    step = max(_SAMPLE_BYTES, size // _SAMPLES)
    with open(path, "rb") as file:
        for position in range(0, size, step):
            file.seek(position)
            yield file.read(_SAMPLE_BYTES).hex()
