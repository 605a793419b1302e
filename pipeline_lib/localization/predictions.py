"""The predictions file: top classes, scores, and class maps at mapping resolution.

With the maps kept, boxes, thresholds and rules are CPU work on a small file: no network, no second
forward pass. HDF5, n images in the manifest's order:

- ``image_id`` (n,) str; ``classes`` (n, k) int32 and ``scores`` (n, k) float32 (softmax), best
  first; ``maps`` (n, k, h, w) float32
- ``true_class`` (n,) int32, -1 where unknown, and ``true_map`` (n, h, w) float32, its class map

Attributes: ``class_labels`` in the order of the scores, ``network``, ``images`` (fingerprints of
what it was made from), ``name``.
"""

from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import atomic, fingerprint

TOP_K = 5
_ARRAYS = ("classes", "scores", "maps", "true_class", "true_map")


@dataclass(frozen=True)
class Predictions:
    """The file's content; see the module for shapes and dtypes."""

    image_id: list[str]
    classes: np.ndarray
    scores: np.ndarray
    maps: np.ndarray
    true_class: np.ndarray
    true_map: np.ndarray
    class_labels: list[str]
    name: str
    network: str
    images: str

    @property
    def fingerprint(self) -> str:
        """Says which network predicted which images."""
        return fingerprint(self.network, self.images)

    def labels_of(self, image: int) -> list[str]:
        """Return the labels of image ``image``'s top classes, best first."""
        return [self.label_of(int(index)) for index in self.classes[image]]

    def label_of(self, index: int) -> str:
        """Return the label of class ``index``, "" for -1."""
        return self.class_labels[index] if index >= 0 else ""


def write_predictions(path: Path, predictions: Predictions) -> None:
    """Write the file atomically. Raises InputError where it cannot be written."""
    try:
        with atomic(path) as temporary, h5py.File(temporary, "w") as file:
            file.create_dataset("image_id", data=predictions.image_id, dtype=h5py.string_dtype())
            file.create_dataset(
                "class_labels", data=predictions.class_labels, dtype=h5py.string_dtype()
            )
            for key in _ARRAYS:
                file[key] = getattr(predictions, key)
            for key in ("name", "network", "images"):
                file.attrs[key] = getattr(predictions, key)
    except (OSError, RuntimeError) as error:  # HDF5 reports a full disk as either
        reason = str(error).splitlines()[0][:120]
        raise InputError(f"{path}: could not be written ({reason}); is the disk full?") from None


def read_predictions(path: Path, images: Path | None = None) -> Predictions:
    """Read the file. Raises InputError for one that is truncated, foreign, or of other ``images``."""
    try:
        with h5py.File(path) as file:
            predictions = Predictions(
                image_id=list(file["image_id"].asstr()),
                class_labels=list(file["class_labels"].asstr()),
                **{key: file[key][:] for key in _ARRAYS},
                **{key: str(file.attrs[key]) for key in ("name", "network", "images")},
            )
    except FileNotFoundError:
        raise InputError(f"{path}: not found") from None
    except (OSError, KeyError, RuntimeError) as error:
        reason = str(error).splitlines()[0][:120]
        raise InputError(
            f"{path}: not a whole predictions file ({reason}); delete it and rerun"
        ) from None
    if images is not None and fingerprint(images) != predictions.images:
        raise InputError(f"{path}: predicts other images than {images} lists; delete it and rerun")
    return predictions
