"""The catalogue of all archives (``catalogue.yaml`` says what each entry means), and what is there."""

import glob
import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import yaml

from pipeline_lib.common.errors import InputError

IMAGES = (".jpg", ".jpeg")


@dataclass(frozen=True)
class Archive:
    """A file to be had; ``bytes`` is exact, ``about`` is not, ``checksum`` is ``algorithm:digest``."""

    file: str
    holds: tuple[str, ...]
    addresses: tuple[str, ...] = ()
    bytes: int | None = None
    about: int | None = None
    checksum: str | None = None
    to: str = ""
    inner: str | None = None
    images: int | None = None
    suffixes: tuple[str, ...] = IMAGES
    uncounted: tuple[str, ...] = ()
    members: int | None = None
    unpacked: int | None = None
    unused: bool = False

    @property
    def stage(self) -> str:
        """The name of the hidden folder it is unpacked in."""
        return f".{self.file}.unpacking"


@dataclass(frozen=True)
class DataSet:
    """A data set and the archives it comes in."""

    key: str
    name: str
    at: str
    archives: tuple[Archive, ...]
    licence: str | None = None
    login: str | None = None

    @property
    def size(self) -> str:
        """The download's size, for people."""
        sizes = [archive.bytes or archive.about for archive in self.archives]
        known = sum(size for size in sizes if size)
        if not known:
            return "unknown"
        prefix = "over " if None in sizes else "about " if self._rough else ""
        return f"{prefix}{known / 1e9:,.3f} GB"

    @property
    def _rough(self) -> bool:
        return any(archive.bytes is None for archive in self.archives)


@dataclass(frozen=True)
class State:
    """What of a data set is there: ``missing`` is in words, empty for a complete set."""

    found: bool
    missing: tuple[str, ...]

    def __str__(self) -> str:
        if not self.found:
            return "not found"
        return "part of it" if self.missing else "complete"


@cache
def catalogue() -> dict[str, DataSet]:
    """Return the data sets by their keys."""
    return {key: _data_set(key, **entry) for key, entry in _listed("data/catalogue.yaml").items()}


def _listed(file: str) -> dict[str, dict]:
    return yaml.safe_load(files("pipeline_lib").joinpath(file).read_text(encoding="utf-8"))


def _data_set(
    key: str, archives: Iterable[dict] = (), released: str | None = None, **entry: str | None
) -> DataSet:
    if released is not None:
        archives = [
            {
                "file": one["file"],
                "addresses": [one["address"]],
                "bytes": one["bytes"],
                "checksum": one["sha1"] and f"sha1:{one['sha1']}",
                "holds": [one["file"]],
            }
            for one in _listed(released).values()
        ]
    lists = ("holds", "addresses", "suffixes", "uncounted")
    return DataSet(
        key,
        archives=tuple(
            Archive(**{name: tuple(v) if name in lists else v for name, v in archive.items()})
            for archive in archives
        ),
        **entry,
    )


def data_folder(text: str) -> Path:
    """Return the folder of all data sets; raises InputError where the configuration names none."""
    if not text:
        raise InputError("config.data_root: not set; add --config data_root=DIR")
    return Path(text).expanduser()


def state(data_set: DataSet, root: Path) -> State:
    """Return what of a data set is below ``root``: names are looked at, no file is opened."""
    found, missing = False, []
    for archive in data_set.archives:
        folder = root / data_set.at / archive.to
        lacking = lacks(archive, folder)
        missing += lacking
        if not lacking:
            found = True
            if archive.images is not None:
                count = count_files(folder, archive.suffixes, archive.uncounted)
                kind = "images" if archive.suffixes == IMAGES else f"{archive.suffixes[0]} files"
                if count < archive.images:
                    missing.append(f"{count:,} of {archive.images:,} {kind}")
    return State(found, tuple(dict.fromkeys(missing)))


def lacks(archive: Archive, folder: Path) -> list[str]:
    """Return what an archive's part of a set still needs in ``folder``; empty where it is there."""
    if not folder.is_dir():
        return [f"{folder}"]
    if (folder / archive.stage).exists():
        return [f"the rest of {archive.file}, whose unpacking was interrupted"]
    return [f"{folder}/{pattern}" for pattern in archive.holds if not has(folder, pattern)]


def has(folder: Path, pattern: str) -> bool:
    """Tell whether something below ``folder`` matches; ``a|b`` is one pattern or the other."""
    return any(any(glob.iglob(one, root_dir=folder)) for one in pattern.split("|"))


def count_files(folder: Path, suffixes: tuple[str, ...], uncounted: tuple[str, ...] = ()) -> int:
    """Return how many files of these suffixes, in any case, lie below ``folder``.

    Links are followed; hidden files and folders are passed over, and folders called ``uncounted``.
    """
    count, folders, seen = 0, [os.fspath(folder)], set()
    while folders:
        current = folders.pop()
        identity = os.stat(current)
        if (identity.st_dev, identity.st_ino) in seen:  # a link back up
            continue
        seen.add((identity.st_dev, identity.st_ino))
        with os.scandir(current) as entries:
            for entry in entries:
                if entry.name.startswith(".") or entry.name in uncounted:
                    continue
                if entry.is_dir():
                    folders.append(entry.path)
                else:
                    count += entry.name.lower().endswith(suffixes)
    return count
