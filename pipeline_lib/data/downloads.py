"""What can be downloaded (``downloads.yaml`` explains its keys), and what of it is on disk."""

import glob
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import yaml

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.image_files import files_below

IMAGE_SUFFIXES = (".jpg", ".jpeg")


@dataclass(frozen=True)
class Archive:
    """A file to download: one entry under ``archives`` in ``downloads.yaml``."""

    file: str
    expected_files: tuple[str, ...]
    urls: tuple[str, ...] = ()
    bytes: int | None = None
    approximate_bytes: int | None = None
    checksum: str | None = None
    subfolder: str = ""
    inner_archives: str | None = None
    file_count: int | None = None
    counted_suffixes: tuple[str, ...] = IMAGE_SUFFIXES
    excluded_folders: tuple[str, ...] = ()
    max_members: int | None = None
    max_bytes: int | None = None
    optional: bool = False

    @property
    def unpacking_folder(self) -> str:
        """The name of the hidden folder that the archive is unpacked in."""
        return f".{self.file}.unpacking"


@dataclass(frozen=True)
class DataSet:
    """A data set and the archives it comes in."""

    key: str
    name: str
    folder: str
    archives: tuple[Archive, ...]
    licence: str | None = None
    login: str | None = None

    @property
    def known_bytes(self) -> int:
        """The bytes to download, as far as known: 0 if of no archive."""
        return sum(archive.bytes or archive.approximate_bytes or 0 for archive in self.archives)

    @property
    def size(self) -> str:
        """The download's size as text, in GB."""
        sizes = [archive.bytes or archive.approximate_bytes for archive in self.archives]
        if not self.known_bytes:
            return "unknown"
        prefix = "over " if None in sizes else "about " if self._approximate else ""
        return f"{prefix}{self.known_bytes / 1e9:,.3f} GB"

    @property
    def _approximate(self) -> bool:
        return any(archive.bytes is None for archive in self.archives)


@dataclass(frozen=True)
class State:
    """Whether any archive of a data set is unpacked (``present``), and what is ``missing``, in words."""

    present: bool
    missing: tuple[str, ...]

    def __str__(self) -> str:
        if not self.present:
            return "not found"
        return "part of it" if self.missing else "complete"


@cache
def downloads() -> dict[str, DataSet]:
    """Return the data sets by key."""
    entries = _read_yaml("data/downloads.yaml")
    return {key: _data_set(key, **entry) for key, entry in entries.items()}


def total_size() -> str:
    """Say how much there is to download, which sets are the largest, and whose size is unknown."""
    sizes = {data_set.name: data_set.known_bytes for data_set in downloads().values()}
    largest = [name for name in sorted(sizes, key=sizes.get, reverse=True) if sizes[name] > 5e9]
    parts = ", ".join(f"{name} {sizes[name] / 1e9:,.0f}" for name in largest)
    *others, last = [name for name, size in sizes.items() if not size]
    return (
        f"{sum(sizes.values()) / 1e9:,.0f} GB ({parts}), without {', '.join(others)} and {last}, whose "
        "sizes are not known"
    )


def _read_yaml(file: str) -> dict[str, dict]:
    return yaml.safe_load(files("pipeline_lib").joinpath(file).read_text(encoding="utf-8"))


def _data_set(
    key: str, archives: Iterable[dict] = (), listed_in: str | None = None, **entry: str | None
) -> DataSet:
    if listed_in is not None:
        archives = [
            {
                "file": released["file"],
                "urls": [released["address"]],
                "bytes": released["bytes"],
                "checksum": released["sha1"] and f"sha1:{released['sha1']}",
                "expected_files": [released["file"]],
            }
            for released in _read_yaml(listed_in).values()
        ]
    lists = ("expected_files", "urls", "counted_suffixes", "excluded_folders")
    return DataSet(
        key,
        archives=tuple(
            Archive(
                **{
                    name: tuple(value) if name in lists else value
                    for name, value in archive.items()
                }
            )
            for archive in archives
        ),
        **entry,
    )


def data_folder(data_root: str) -> Path:
    """Return the folder of all data sets; raises InputError if the configuration names none, a file, or
    a link that leads nowhere."""
    if not data_root:
        raise InputError("config.data_root: not set; add --config data_root=DIR")
    root = Path(data_root).expanduser()
    if broken := broken_link(root):
        raise InputError(f"config.data_root: {broken}; mount or correct it")
    if root.exists() and not root.is_dir():
        raise InputError(f"config.data_root: {root} is a file, not a folder; correct it")
    return root


def broken_link(path: Path) -> str:
    """Say which link on a path leads nowhere, and whereto; "" if none does."""
    for part in (path, *path.parents):
        if part.is_symlink() and not part.exists():
            return f"{part} links to {part.readlink()}, which is not there"
    return ""


def state(data_set: DataSet, root: Path) -> State:
    """Return what of a data set is below ``root``, judged by file names; no file is opened."""
    present, missing = False, []
    for archive in data_set.archives:
        folder = root / data_set.folder / archive.subfolder
        missing_here = missing_files(archive, folder)
        missing += missing_here
        if not missing_here:
            present = True
            if archive.file_count is not None:
                suffixes = archive.counted_suffixes
                count = count_files(folder, suffixes, archive.excluded_folders)
                kind = "images" if suffixes == IMAGE_SUFFIXES else f"{suffixes[0]} files"
                if count < archive.file_count:
                    missing.append(f"{count:,} of {archive.file_count:,} {kind}")
    return State(present, tuple(dict.fromkeys(missing)))


def fetch_command(key: str, root: str | Path) -> str:
    """Return the command that downloads a data set into ``root``, as it can be typed."""
    config = ["--config", f"data_root={root}"]
    return shlex.join(["snakemake", f"fetch_{key}", "--cores", "1", *config])


def missing_files(archive: Archive, folder: Path) -> list[str]:
    """Return, in words, what of an archive is missing in ``folder``; empty if it is unpacked there."""
    if not folder.is_dir():
        return [broken_link(folder) or f"{folder}"]
    if (folder / archive.unpacking_folder).exists():
        return [f"the rest of {archive.file}, whose unpacking was interrupted"]
    patterns = archive.expected_files
    return [f"{folder}/{pattern}" for pattern in patterns if not has_match(folder, pattern)]


def has_match(folder: Path, pattern: str) -> bool:
    """Tell whether a path below ``folder`` matches; ``a|b`` matches what ``a`` or ``b`` matches."""
    return any(any(glob.iglob(option, root_dir=folder)) for option in pattern.split("|"))


def count_files(
    folder: Path, suffixes: tuple[str, ...], excluded_folders: tuple[str, ...] = ()
) -> int:
    """Return the number of files below ``folder`` with one of these suffixes, in any case.

    They are those of ``files_below``.
    """
    files = files_below(folder, excluded_folders)
    return sum(path.name.lower().endswith(suffixes) for path in files)
