"""The features file, and the blocks that it is put together from.

HDF5, n images in the manifest's order: ``image_id`` (n,) str and ``features`` (n, d) float32.
Attributes: ``name`` (the network's), ``layer`` (what was read), ``network``, ``images``, ``files`` and
``crop`` (fingerprints of the network, of the manifest, of its files' sizes, and of the boxes that
images were cropped to; "whole" without), ``precision``.

A block holds the features of a run of images in a file of its own, written at once or not at all. What
is killed goes on after its last block, and the file that comes out is the same byte for byte.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path

import h5py
import numpy as np

from pipeline_lib.common.command import log
from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import atomic, fingerprint, read_json, write_json

WHOLE = "whole"
_NOTE = "key.json"


@dataclass(frozen=True)
class Origin:
    """What features are of; see the module."""

    name: str
    layer: str
    network: str
    images: str
    files: str
    crop: str
    precision: str

    @property
    def attributes(self) -> dict[str, str]:
        """The file's attributes."""
        return {field.name: getattr(self, field.name) for field in fields(Origin)}

    @property
    def fingerprint(self) -> str:
        """Tells these features from all others."""
        return fingerprint(self.attributes)


@dataclass(frozen=True)
class Features(Origin):
    """The file's content: ``features`` (n, d) float32 stay on disk until they are read."""

    image_id: list[str]
    features: h5py.Dataset

    def mapped(self) -> np.memmap:
        """Return the features as the file's own bytes, for reading any of them in any order.

        They are not held in memory: the system reads what is asked for, and keeps what it has room for.
        """
        dataset = self.features
        at = dataset.id.get_offset()  # one piece, as written here
        return np.memmap(dataset.file.filename, dataset.dtype, "c", at, dataset.shape)


class Blocks:
    """The blocks of one extraction in ``folder``, told from another's by their ``key``.

    Those of another key are thrown away: they are of another network, other images or another way.
    ``marks`` has each block's images, in order, and what changes with their files: one that is fetched
    again costs its block alone.
    """

    def __init__(self, folder: Path, key: str, marks: dict[range, str]) -> None:
        self.folder, self.marks = folder, marks
        note = folder / _NOTE
        if note.exists() and read_json(note) != {"key": key}:
            log.info("%s: holds blocks of something else; they are thrown away", folder)
            discard(folder)
        if not note.exists():
            write_json(note, {"key": key})

    def missing(self) -> list[range]:
        """Return the images of each block that is not there, in order."""
        return [block for block in self.marks if not self._path(block).exists()]

    def write(self, images: range, features: np.ndarray) -> None:
        """Keep the (m, d) float32 features of a block's images."""
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


def discard(folder: Path) -> None:
    """Delete the blocks in a folder, and the folder unless it holds anything else."""
    if not (folder / _NOTE).exists():
        return
    for path in folder.glob("*.npy"):  # also what a kill left half written
        path.unlink()
    (folder / _NOTE).unlink()
    if not any(folder.iterdir()):
        folder.rmdir()


def write_features(
    path: Path, origin: Origin, image_id: list[str], blocks: Iterable[np.ndarray]
) -> None:
    """Write the file atomically from blocks of features. Raises InputError where it cannot be."""
    try:
        with atomic(path) as temporary, h5py.File(temporary, "w", track_order=True) as file:
            for key, value in origin.attributes.items():
                file.attrs[key] = value
            file.create_dataset(
                "image_id", data=image_id, dtype=h5py.string_dtype(), track_times=False
            )
            done = 0
            for block in blocks:
                if not done:
                    shape = (len(image_id), block.shape[1])
                    file.create_dataset("features", shape, np.float32, track_times=False)
                file["features"][done : done + len(block)] = block
                done += len(block)
            if done != len(image_id):
                raise ValueError(f"{done} features of {len(image_id)} images")
    except (OSError, RuntimeError) as error:
        reason = str(error).splitlines()[0][:120]
        raise InputError(f"{path}: could not be written ({reason}); is the disk full?") from None


def read_features(path: Path, images: Path | None = None) -> Features:
    """Open the file. Raises InputError for one that is truncated, foreign, or of other ``images``."""
    try:
        file = h5py.File(path, locking=False)  # it may lie where locks do not work
        features = Features(
            image_id=list(file["image_id"].asstr()[:]),
            features=file["features"],
            **{key: str(file.attrs[key]) for key in (field.name for field in fields(Origin))},
        )
        if features.features.ndim != 2 or len(features.features) != len(features.image_id):
            raise ValueError(
                f"{features.features.shape} features of {len(features.image_id)} images"
            )
    except FileNotFoundError:
        raise InputError(f"{path}: not found") from None
    except (OSError, KeyError, RuntimeError, ValueError, TypeError, AttributeError) as error:
        reason = str(error).splitlines()[0][:120]
        raise InputError(
            f"{path}: not a whole features file ({reason}); delete it, or extract with --rebuild"
        ) from None
    if images is not None and fingerprint(images) != features.images:
        raise InputError(
            f"{path}: is of other images than {images} lists; delete it, or extract with --rebuild"
        )
    return features
