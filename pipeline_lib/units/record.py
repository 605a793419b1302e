"""The units file: which units each class rests on, what they fire at, what the shown ones see.

HDF5; r rows, a class's units by rank, class by class; t images of each, strongest first:

- ``class_index`` (r,), ``rank`` (r,) from 1, ``unit`` (r,) int64, ``weight`` (r,) float32
- ``activation`` (r, t) float32, ``image`` (r, t) int64 (rows of the manifest), ``place`` (r, t, 2)
  int64, (y, x) in the map
- ``seen`` (classes,) int64, the labelled images of each class; ``class_labels`` (classes,) str
- ``shown`` (m,) int64, the rows that are shown; ``maps`` (m, s, h, w) float32, their maps of the
  first s images; ``change`` (m, g, g) float32, by what part their activation falls with the occluder
  at each of ``shifts`` (g,), pixels of the input from the unit's middle; both empty without occlusion

Attributes: ``name`` of the network, ``method``, ``size`` and ``cells`` (height, width) of the input
and of the maps, ``field`` (2, 3) the theoretical receptive field's low, high and step along y and x,
``occluder`` in pixels, ``occluded`` images a unit, ``images`` a fingerprint of the manifest.
"""

from dataclasses import astuple, dataclass
from pathlib import Path

import h5py
import numpy as np

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import atomic, fingerprint
from pipeline_lib.units.geometry import Axis, ReceptiveField

METHODS = ("occlusion", "disc")
_ARRAYS = (
    *("class_index", "rank", "unit", "weight", "activation", "image", "place"),
    *("seen", "shown", "maps", "change", "shifts"),
)


@dataclass(frozen=True)
class UnitsFile:
    """The file's content; see the module."""

    name: str
    method: str
    field: ReceptiveField
    occluder: int
    occluded: int
    images: str
    class_labels: list[str]
    class_index: np.ndarray
    rank: np.ndarray
    unit: np.ndarray
    weight: np.ndarray
    activation: np.ndarray
    image: np.ndarray
    place: np.ndarray
    seen: np.ndarray
    shown: np.ndarray
    maps: np.ndarray
    change: np.ndarray
    shifts: np.ndarray


def write_units(path: Path, found: UnitsFile) -> None:
    """Write the file atomically."""
    with atomic(path) as temporary, h5py.File(temporary, "w") as file:
        for key in _ARRAYS:
            file[key] = getattr(found, key)
        file.create_dataset("class_labels", data=found.class_labels, dtype=h5py.string_dtype())
        for key in ("name", "method", "occluder", "occluded", "images"):
            file.attrs[key] = getattr(found, key)
        file.attrs["field"] = [astuple(found.field.y), astuple(found.field.x)]
        file.attrs["size"], file.attrs["cells"] = found.field.size, found.field.cells


def read_units(path: Path, images: Path) -> UnitsFile:
    """Read the file. Raises InputError for one that is not whole, or of other ``images``."""
    try:
        with h5py.File(path) as file:
            y, x = (Axis(*map(float, axis)) for axis in file.attrs["field"])
            size, cells = (tuple(map(int, file.attrs[key])) for key in ("size", "cells"))
            found = UnitsFile(
                **{key: file[key][:] for key in _ARRAYS},
                **{key: str(file.attrs[key]) for key in ("name", "method", "images")},
                **{key: int(file.attrs[key]) for key in ("occluder", "occluded")},
                field=ReceptiveField(y, x, size, cells),
                class_labels=list(file["class_labels"].asstr()),
            )
    except FileNotFoundError:
        raise InputError(f"{path}: not found") from None
    except (OSError, KeyError, RuntimeError) as error:
        reason = str(error).splitlines()[0][:120]
        raise InputError(
            f"{path}: not a whole units file ({reason}); delete it and rerun"
        ) from None
    if fingerprint(images) != found.images:
        raise InputError(f"{path}: made from other images than {images} lists; delete it and rerun")
    return found
