"""HDF5 files: one way to open them, and what is said when one cannot be written."""

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py

from pipeline_lib.common.errors import InputError, reason_of

# What reading a file raises that is no HDF5, not whole, or holds something else.
READ_ERRORS = (OSError, RuntimeError, KeyError, ValueError, TypeError, AttributeError)
_ERRNO = re.compile(r"errno = (\d+)")
_ADVICE = {
    errno.ENOSPC: "; the disk is full: free some space and rerun",
    errno.EDQUOT: "; the disk quota is used up: free some space and rerun",
    errno.EROFS: "; its disk can only be read: choose another folder",
    errno.EACCES: "; choose a folder in which you may write",
}


def open_hdf5(path: Path | str, mode: str = "r", **options: object) -> h5py.File:
    """Open a file without locks, which some file systems do not have (errno 37).

    No file is read while it is written: those that are written have a temporary name.
    """
    return h5py.File(path, mode, locking=False, **options)


@contextmanager
def writing(path: Path | str) -> Iterator[None]:
    """Turn HDF5's errors while ``path`` is written into an InputError that says what the system said."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        code = getattr(error, "errno", None)
        if code is None and (found := _ERRNO.search(str(error))):
            code = int(found[1])
        reason = os.strerror(code) if code else reason_of(error)
        raise InputError(
            f"{path}: could not be written ({reason}){_ADVICE.get(code, '')}"
        ) from None
