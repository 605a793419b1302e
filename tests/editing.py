"""Changing files that carry a checksum, as somebody would who means it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import pandas as pd

from pipeline_lib.common.checksums import seal


def rewrite(path: Path, content: str | pd.DataFrame) -> None:
    """Write the text or table anew, without the checksum that is an attribute of the old file."""
    path.unlink(missing_ok=True)
    text = content if isinstance(content, str) else content.to_csv(index=False)
    path.write_text(text)


def edit_table(path: Path, change: Callable[[str], str], out: Path | None = None) -> None:
    """Change the text of a table below its first line of settings, and drop its checksum."""
    text = path.read_text()
    if text.startswith("# {"):
        text = text.partition("\n")[2]
    rewrite(out or path, change(text))


@contextmanager
def edited_hdf5(path: Path) -> Iterator[h5py.File]:
    """Open a file for changes and seal it again."""
    with h5py.File(path, "r+") as file:
        yield file
    seal(path)
