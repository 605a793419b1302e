"""Changing files that carry a checksum, as somebody would who means it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py

from pipeline_lib.common.checksums import seal


def edit_table(path: Path, change: Callable[[str], str], out: Path | None = None) -> None:
    """Change the text of a table below its first line of settings, and drop its checksum."""
    text = path.read_text()
    if text.startswith("# {"):
        text = text.partition("\n")[2]
    out = out or path
    out.unlink(missing_ok=True)  # and with it its attributes
    out.write_text(change(text))


@contextmanager
def edited_hdf5(path: Path) -> Iterator[h5py.File]:
    """Open a file for changes and seal it again."""
    with h5py.File(path, "r+") as file:
        yield file
    seal(path)
