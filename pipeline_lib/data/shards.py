"""Packed images: warped once and stored as JPEG in HDF5 shards, so that training only decodes.

A folder of shards and an ``index.json``, which is written last. A shard contains ``bytes`` (uint8, the
JPEG files one after the other), ``offsets`` (int64, the start of each, and the end), ``image_ids``
``rows`` (the images' row numbers in the manifest, which are their indices for training) and ``crc32``
of each image with its row, which is compared at each reading; earlier versions wrote none.
"""

import hashlib
import io
import os
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
from PIL import Image

from pipeline_lib.common.errors import InputError, reason_of
from pipeline_lib.common.files import atomic, fingerprint, read_json, sha256, write_json
from pipeline_lib.common.hdf5 import READ_ERRORS, open_hdf5, writing
from pipeline_lib.common.images import open_rgb, warp
from pipeline_lib.data.manifest import pictures

INDEX_NAME = "index.json"
PACK_AGAIN = "pack the images again (python -m pipeline_lib pack)"


@dataclass(frozen=True)
class Packing:
    """The sources and settings of packed images: folders of equal packings have equal shards.

    ``manifest`` and ``sizes`` are fingerprints of the manifest and of its images' sizes in bytes;
    ``side`` is in pixels, ``shard_size`` in images, ``quality`` is JPEG's.
    """

    manifest: str
    sizes: str
    side: int
    seed: int
    shard_size: int
    quality: int

    @property
    def fingerprint(self) -> str:
        """The identity that every shard carries."""
        return fingerprint(asdict(self))

    def shards(self, count: int) -> list[np.ndarray]:
        """Split the shuffled row numbers of ``count`` images into shards: int64 arrays."""
        order = np.random.default_rng(self.seed).permutation(count)
        return np.split(order, range(self.shard_size, count, self.shard_size))


def shard_name(number: int) -> str:
    """Return the file name of a shard."""
    return f"shard-{number:05d}.h5"


def write_shard(path: Path, root: Path, images: pd.DataFrame, packing: Packing) -> None:
    """Warp, encode and write images, atomically; the table's index has their row numbers.

    Raises InputError for an image that cannot be decoded, or if the disk is full.
    """
    encoded = []
    for picture in pictures(images, root):
        square = Image.fromarray(warp(open_rgb(*picture), packing.side, packing.side))
        buffer = io.BytesIO()
        square.save(buffer, "JPEG", quality=packing.quality)
        encoded.append(buffer.getvalue())
    content = np.frombuffer(b"".join(encoded), np.uint8)
    with writing(path), atomic(path) as temporary, open_hdf5(temporary, "w") as file:
        file["bytes"] = content
        file["offsets"] = np.cumsum([0, *map(len, encoded)])
        file["rows"] = images.index.to_numpy(np.int64)
        file["crc32"] = np.array(list(map(_crc32, encoded, images.index)), np.uint32)
        file["image_ids"] = images["image_id"].tolist()
        file.attrs["packing"] = packing.fingerprint
        file.attrs["sha256"] = _content_sha256(file)


def is_complete_shard(path: Path, rows: np.ndarray, packing: Packing) -> bool:
    """Tell whether an earlier run left a complete shard of this packing with these rows."""
    try:
        with open_hdf5(path) as file:
            return (
                file.attrs["packing"] == packing.fingerprint
                and np.array_equal(file["rows"], rows)
                and file.attrs["sha256"] == _content_sha256(file)
            )
    except READ_ERRORS:
        return False


def write_index(folder: Path, packing: Packing, counts: Sequence[int]) -> None:
    """Describe the shards in ``index.json``; ``counts`` are their numbers of images."""
    shards = []
    for number, count in enumerate(counts):
        path = folder / shard_name(number)
        shards.append(
            {
                "file": path.name,
                "images": int(count),
                "bytes": path.stat().st_size,
                "sha256": sha256(path),
            }
        )
    index = {"images": sum(counts), **asdict(packing), "shards": shards}
    write_json(folder / INDEX_NAME, index, checksum=True)


class PackedImages:
    """The images of a folder of shards by their row in the manifest: (side, side, 3) uint8.

    Opening reads the index and each image's position; it raises InputError for a shard that is missing,
    truncated or of another packing. A changed image is refused when it is read. Each process opens the
    shards itself, when it first reads them: HDF5 files do not survive a fork.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        index = read_json(folder / INDEX_NAME)
        try:
            self.shards = [dict(shard) for shard in index.pop("shards")]
            count = index.pop("images")
            self.packing = Packing(**index)
            self.positions = self._read_positions(count)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise InputError(
                f"{folder / INDEX_NAME}: not an index of packed images; {PACK_AGAIN}"
            ) from None
        self._process_id, self._files = 0, {}

    def _read_positions(self, count: int) -> np.ndarray:
        """Return (count, 2) int32: each row's shard, and its position in the shard."""
        positions = np.full((count, 2), -1, np.int32)
        for number, shard in enumerate(self.shards):
            path = self.folder / shard["file"]
            size = path.stat().st_size if path.exists() else 0
            if size != shard["bytes"]:
                raise InputError(
                    f"{path}: has {size} bytes and should have {shard['bytes']}; {PACK_AGAIN}"
                )
            try:
                with open_hdf5(path) as file:
                    foreign = file.attrs["packing"] != self.packing.fingerprint
                    rows = file["rows"][:]
            except READ_ERRORS as error:
                raise _unreadable(path, error) from None
            inside = len(rows) == shard["images"] and ((rows >= 0) & (rows < count)).all()
            if foreign or not inside:
                raise InputError(f"{path}: is not a shard of this index; {PACK_AGAIN}")
            positions[rows] = np.stack([np.full(len(rows), number), np.arange(len(rows))], axis=1)
        if (positions < 0).any():
            raise InputError(f"{self.folder / INDEX_NAME}: its shards lack images; {PACK_AGAIN}")
        return positions

    def verify(self) -> None:
        """Read every shard; raises InputError for one whose checksum is not the index's."""
        for shard in self.shards:
            path = self.folder / shard["file"]
            if sha256(path) != shard["sha256"]:
                raise InputError(f"{path}: was changed since it was packed; {PACK_AGAIN}")

    def __len__(self) -> int:
        return len(self.positions)

    def __getitem__(self, row: int) -> np.ndarray:
        number, position = self.positions[row]
        content, offsets, checksums = self._file(int(number))
        try:
            data = content[offsets[position] : offsets[position + 1]].tobytes()
            if checksums is not None and _crc32(data, row) != checksums[position]:
                raise ValueError("it is not as it was written")
            with Image.open(io.BytesIO(data)) as image:
                return np.asarray(image.convert("RGB"))
        except (OSError, SyntaxError, ValueError) as error:
            path = self.folder / self.shards[number]["file"]
            raise InputError(
                f"{path}: image {position} cannot be decoded ({reason_of(error)}); {PACK_AGAIN}"
            ) from None

    def _file(self, number: int) -> tuple[h5py.Dataset, np.ndarray, np.ndarray | None]:
        """Return a shard's bytes, which stay on disk, offsets, and checksums if it has them."""
        if self._process_id != os.getpid():
            self._process_id, self._files = os.getpid(), {}
        if number not in self._files:
            path = self.folder / self.shards[number]["file"]
            try:
                file = open_hdf5(path)
                checksums = file["crc32"][:] if "crc32" in file else None
                self._files[number] = file["bytes"], file["offsets"][:], checksums
            except READ_ERRORS as error:
                raise _unreadable(path, error) from None
        return self._files[number]

    def __getstate__(self) -> dict:
        return self.__dict__ | {"_process_id": 0, "_files": {}}


def _unreadable(path: Path, error: Exception) -> InputError:
    return InputError(f"{path}: cannot be read ({reason_of(error)}); {PACK_AGAIN}")


def _crc32(image: bytes, row: int) -> int:
    return zlib.crc32(image, int(row))


def _content_sha256(file: h5py.File) -> str:
    digest = hashlib.sha256("\n".join(file["image_ids"].asstr()[:]).encode())
    for name in ("rows", "offsets", "bytes"):
        digest.update(file[name][:])
    return digest.hexdigest()
