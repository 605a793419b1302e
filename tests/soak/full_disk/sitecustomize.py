"""Let the disk be full for one job: Python imports this at its start, if PYTHONPATH leads here.

SOAK_JOB is a word of the job's command line, SOAK_CALL says which of its calls that write fails first;
all later ones fail too. Other processes notice nothing.
"""

import builtins
import errno
import io
import itertools
import os
import sys

if os.environ.get("SOAK_JOB") in sys.orig_argv:
    import h5py

    _CALLS = itertools.count(1)
    _FIRST = int(os.environ["SOAK_CALL"])

    def _spend(path=None):
        if next(_CALLS) >= _FIRST:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)

    def _full(function):
        def call(*arguments, **options):
            _spend()
            return function(*arguments, **options)

        return call

    def _open(path, mode="r", *arguments, _original=io.open, **options):
        if isinstance(path, str | os.PathLike) and "results" in os.fspath(path) and mode[0] != "r":
            _spend(os.fspath(path))
        return _original(path, mode, *arguments, **options)

    io.open = builtins.open = _open
    os.fsync, os.replace = _full(os.fsync), _full(os.replace)
    h5py.Group.create_dataset = _full(h5py.Group.create_dataset)
    h5py.Dataset.__setitem__ = _full(h5py.Dataset.__setitem__)
