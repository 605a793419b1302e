"""The features file.

HDF5, n images in the manifest's order: ``image_id`` (n,) str and ``features`` (n, d) float32.
Attributes: ``name`` (of the network), ``layer`` (whose input the features are), ``precision``, and
fingerprints: ``network``, ``images`` (the manifest), ``files`` (the sizes of the image files) and
``crop`` (the boxes that images were cropped to; "whole" if they were not).
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path

import h5py
import numpy as np

from pipeline_lib.common.checksums import USER_BLOCK, require_intact, seal
from pipeline_lib.common.errors import InputError, reason_of
from pipeline_lib.common.files import atomic, fingerprint
from pipeline_lib.common.hdf5 import READ_ERRORS, open_hdf5, writing

WHOLE = "whole"


@dataclass(frozen=True)
class Origin:
    """What features were extracted from; see the module."""

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
        """A hash that differs between features of different origin."""
        return fingerprint(self.attributes)


@dataclass(frozen=True)
class Features(Origin):
    """The file's content: ``features`` (n, d) float32 stay on disk until they are read."""

    image_id: list[str]
    features: h5py.Dataset

    def mapped(self) -> np.memmap:
        """Return the features as a memory map of the file, for random access.

        They are not copied into memory: the operating system reads the rows that are used, and caches
        what it has room for.
        """
        dataset = self.features
        offset = dataset.id.get_offset()  # contiguous, as ``write_features`` wrote it
        return np.memmap(dataset.file.filename, dataset.dtype, "c", offset, dataset.shape)


def write_features(
    path: Path, origin: Origin, image_id: list[str], blocks: Iterable[np.ndarray]
) -> None:
    """Write the file atomically from blocks of features. Raises InputError if it cannot be written."""
    with writing(path), atomic(path) as temporary:
        options = {"track_order": True, "userblock_size": USER_BLOCK}
        with open_hdf5(temporary, "w", **options) as file:
            _fill(file, origin, image_id, blocks)
        seal(temporary)


def _fill(
    file: h5py.File, origin: Origin, image_id: list[str], blocks: Iterable[np.ndarray]
) -> None:
    for key, value in origin.attributes.items():
        file.attrs[key] = value
    file.create_dataset("image_id", data=image_id, dtype=h5py.string_dtype(), track_times=False)
    done = 0
    for block in blocks:
        if not done:
            shape = (len(image_id), block.shape[1])
            file.create_dataset("features", shape, np.float32, track_times=False)
        file["features"][done : done + len(block)] = block
        done += len(block)
    if done != len(image_id):
        raise ValueError(f"{done} features of {len(image_id)} images")


def read_features(path: Path, images: Path | None = None) -> Features:
    """Open the file. Raises InputError if it is missing, damaged, no features file, or not of the
    manifest ``images``."""
    try:
        _require_intact(path)
        file = open_hdf5(path)
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
    except READ_ERRORS as error:
        raise InputError(
            f"{path}: not a whole features file ({reason_of(error)}); delete it, or extract with "
            "--rebuild"
        ) from None
    if images is not None and fingerprint(images) != features.images:
        raise InputError(
            f"{path}: is of other images than {images} lists; delete it, or extract with --rebuild"
        )
    return features


def _require_intact(path: Path) -> None:
    try:
        require_intact(path)
    except InputError:
        raise InputError(
            f"{path}: not as it was written, not a whole features file; delete it, or extract with "
            "--rebuild"
        ) from None
