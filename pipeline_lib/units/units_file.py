"""The units file: the units that classes rely on, their top images and their receptive fields.

HDF5. It has r rows, one for each of a class's units by rank, class by class; each has t images,
strongest first:

- ``class_index`` (r,), ``rank`` (r,) from 1, ``unit`` (r,) int64, ``weight`` (r,) float32
- ``activation`` (r, t) float32, ``image`` (r, t) int64 (rows of the manifest), ``position`` (r, t, 2)
  int64, (y, x) in the map
- ``class_images`` (classes,) int64, the number of labelled images of each class; ``class_labels``
  (classes,) str
- ``shown_rows`` (m,) int64, the rows that Figure 13 shows; ``maps`` (m, s, h, w) float32, their maps of
  the first s images; ``drop`` (m, g, g) float32, the fraction by which their activation drops with the
  occluder at each of ``shifts`` (g,), pixels of the input from the field's centre; empty without
  occlusion

Attributes: ``name`` of the network, ``method``, ``size`` and ``cells`` (height, width) of the input and
of the maps, ``field`` (2, 3) the theoretical receptive field's low, high and step along y and x,
``occluder`` side in pixels, ``occluded`` images per unit, ``precision`` (number format of the network),
fingerprints ``images`` of the manifest and ``files`` of the sizes of the image files.
"""

from dataclasses import astuple, dataclass
from pathlib import Path

import h5py
import numpy as np

from pipeline_lib.common.checksums import USER_BLOCK, require_intact, seal
from pipeline_lib.common.errors import InputError, reason_of
from pipeline_lib.common.files import atomic, fingerprint
from pipeline_lib.common.hdf5 import READ_ERRORS, open_hdf5, writing
from pipeline_lib.units.receptive_field import Axis, ReceptiveField

_ARRAYS = (
    *("class_index", "rank", "unit", "weight", "activation", "image", "position"),
    *("class_images", "shown_rows", "maps", "drop", "shifts"),
)
_TEXTS = ("name", "method", "images", "files", "precision")


@dataclass(frozen=True)
class UnitsFile:
    """The content of the file; see the module's docstring."""

    name: str
    method: str
    field: ReceptiveField
    occluder: int
    occluded: int
    images: str
    files: str
    precision: str
    class_labels: list[str]
    class_index: np.ndarray
    rank: np.ndarray
    unit: np.ndarray
    weight: np.ndarray
    activation: np.ndarray
    image: np.ndarray
    position: np.ndarray
    class_images: np.ndarray
    shown_rows: np.ndarray
    maps: np.ndarray
    drop: np.ndarray
    shifts: np.ndarray


def write_units(path: Path, units: UnitsFile) -> None:
    """Write the file atomically. Raises InputError if it cannot be written."""
    with writing(path), atomic(path) as temporary:
        with open_hdf5(temporary, "w", userblock_size=USER_BLOCK) as file:
            for key in _ARRAYS:
                file[key] = getattr(units, key)
            file.create_dataset("class_labels", data=units.class_labels, dtype=h5py.string_dtype())
            for key in (*_TEXTS, "occluder", "occluded"):
                file.attrs[key] = getattr(units, key)
            file.attrs["field"] = [astuple(units.field.y), astuple(units.field.x)]
            file.attrs["size"], file.attrs["cells"] = units.field.size, units.field.cells
        seal(temporary)


def read_units(path: Path, images: Path) -> UnitsFile:
    """Read the file. Raises InputError for a damaged one, or one of another manifest ``images``."""
    try:
        require_intact(path)
        with open_hdf5(path) as file:
            y, x = (Axis(*map(float, axis)) for axis in file.attrs["field"])
            size, cells = (tuple(map(int, file.attrs[key])) for key in ("size", "cells"))
            units = UnitsFile(
                **{key: file[key][:] for key in _ARRAYS},
                **{key: str(file.attrs[key]) for key in _TEXTS},
                **{key: int(file.attrs[key]) for key in ("occluder", "occluded")},
                field=ReceptiveField(y, x, size, cells),
                class_labels=list(file["class_labels"].asstr()),
            )
    except FileNotFoundError:
        raise InputError(f"{path}: not found") from None
    except READ_ERRORS as error:
        raise InputError(
            f"{path}: not a complete units file ({reason_of(error)}); delete it and rerun"
        ) from None
    if fingerprint(images) != units.images:
        raise InputError(f"{path}: made from other images than {images} lists; delete it and rerun")
    return units
