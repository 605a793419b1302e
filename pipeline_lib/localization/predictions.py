"""The predictions file: top classes, scores, and their maps at mapping resolution.

With the maps, all box methods and thresholds are CPU work on a small file, without another forward
pass. HDF5, n images in the manifest's order:

- ``image_id`` (n,) str; ``classes`` (n, k) int32 and ``scores`` (n, k) float32 (softmax, the mean over
  crops), best first
- ``true_class`` (n,) int32, -1 where unknown
- ``maps`` (n, guesses, planes, h, w) for the first guesses, ``true_map`` (n, planes, h, w) for the
  true class (zero where unknown), float32, or float16 by PIXEL_METHODS

There is one plane per map from one forward pass, and ten from ten crops, one for each crop.
PIXEL_METHODS, such as backprop, have two, both over the whole image: the gradient's largest channel,
averaged over the crops, and its absolute sum over channels and crops. They have them for the true
class alone, which decides every error.

Attributes: ``class_labels`` in the order of the scores, ``name`` (the row in the tables), ``method``
(of METHODS), ``crops`` (1 or 10), ``size`` and ``warped`` (height, width) of a crop and
of the image it is cut from, ``precision`` (number format of the network), and fingerprints of what the
file was made from: ``network``, ``images`` (the manifest) and ``files`` (the sizes of the image files).
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import h5py
import numpy as np

from pipeline_lib.common.checksums import USER_BLOCK, require_intact, seal
from pipeline_lib.common.errors import InputError, reason_of
from pipeline_lib.common.files import atomic, fingerprint
from pipeline_lib.common.hdf5 import READ_ERRORS, open_hdf5, writing

TOP_K = 5
# The kinds of maps, and what tables and figures call them.
TITLES = {
    "cam": "CAM",
    "grad-cam": "Grad-CAM",
    "grad-cam++": "Grad-CAM++",
    "layer-cam": "LayerCAM",
    "x-grad-cam": "XGrad-CAM",
    "hi-res-cam": "HiResCAM",
    "eigen-cam": "Eigen-CAM",
    "backprop": "Backprop",
    "smooth-grad": "SmoothGrad",
    "integrated-gradients": "Integrated gradients",
}
METHODS = tuple(TITLES)
PIXEL_METHODS = ("backprop", "smooth-grad", "integrated-gradients")  # gradients by the pixels
_STREAMED = ("classes", "scores", "maps", "true_map")
_TEXTS = ("name", "method", "network", "images", "files", "precision")
_SIDES = ("size", "warped")


@dataclass(frozen=True)
class Header:
    """What is known before the first prediction; see the module."""

    image_id: list[str]
    true_class: np.ndarray
    class_labels: list[str]
    name: str
    method: str
    crops: int
    size: tuple[int, int]
    warped: tuple[int, int]
    network: str
    images: str
    files: str = field(default="", kw_only=True)
    precision: str = field(default="float32", kw_only=True)


@dataclass(frozen=True)
class Predictions(Header):
    """The file's content; ``maps`` and ``true_map`` stay on disk and are read image by image."""

    classes: np.ndarray
    scores: np.ndarray
    maps: np.ndarray | h5py.Dataset
    true_map: np.ndarray | h5py.Dataset

    @property
    def fingerprint(self) -> str:
        """Identifies the network, the images, and how they were predicted."""
        made_from = (self.network, self.images, self.files)
        return fingerprint(*made_from, self.method, self.crops, self.precision)

    def part(self, images: range, guesses: bool = True) -> "Predictions":
        """Return the predictions of consecutive images, in memory: they can go to another process.

        Without ``guesses``, the true classes alone have maps.
        """
        rows = slice(images.start, images.stop)
        arrays = ("true_class", "classes", "scores", "true_map")
        values = {name: np.asarray(getattr(self, name)[rows]) for name in arrays}
        maps = np.asarray(self.maps[rows] if guesses else self.maps[rows, :0])
        return replace(self, image_id=self.image_id[rows], maps=maps, **values)

    def labels_of(self, image: int) -> list[str]:
        """Return the labels of image ``image``'s top classes, best first."""
        return [self.label_of(int(index)) for index in self.classes[image]]

    def label_of(self, index: int) -> str:
        """Return the label of class ``index``, "" for -1."""
        return self.class_labels[index] if index >= 0 else ""


def row_of(network: str, method: str) -> str:
    """Return the name of a network's maps: its own, or "Backprop on ..." of PIXEL_METHODS."""
    return f"{TITLES[method]} on {network}" if method in PIXEL_METHODS else network


def network_of(row: str) -> str:
    """Return the network of a row that ``row_of`` named."""
    for method in PIXEL_METHODS:
        row = row.removeprefix(row_of("", method))
    return row


def write_predictions(
    path: Path, header: Header, batches: Iterable[dict[str, np.ndarray]]
) -> tuple[int, ...]:
    """Write the file atomically, a batch at a time; return the shape of ``true_map``.

    A batch has classes, scores, maps and true_map of the next images, in the header's order. Raises
    InputError if the file cannot be written, ValueError for fewer images than the header's.
    """
    with predictions_writer(path, header) as append:
        for batch in batches:
            shape = append(batch)
    return shape


@contextmanager
def predictions_writer(
    path: Path, header: Header
) -> Iterator[Callable[[dict[str, np.ndarray]], tuple[int, ...]]]:
    """Yield the function that appends a batch to a file; otherwise as ``write_predictions``."""
    done = 0
    with atomic(path) as temporary:
        with writing(path):
            file = open_hdf5(temporary, "w", userblock_size=USER_BLOCK)

        def append(batch: dict[str, np.ndarray]) -> tuple[int, ...]:
            nonlocal done
            with writing(path):
                for key in _STREAMED:
                    if not done:
                        _create(file, key, len(header.image_id), batch[key])
                    file[key][done : done + len(batch[key])] = batch[key]
            done += len(batch["classes"])
            return file["true_map"].shape

        try:
            with writing(path):
                for key in ("image_id", "class_labels"):
                    file.create_dataset(key, data=getattr(header, key), dtype=h5py.string_dtype())
                file["true_class"] = header.true_class
                for key in (*_TEXTS, *_SIDES, "crops"):
                    file.attrs[key] = getattr(header, key)
            yield append
            if done != len(header.image_id):
                raise ValueError(f"{done} images predicted of {len(header.image_id)}")
        finally:
            with writing(path):
                file.close()
        with writing(path):
            seal(temporary)


def _create(file: h5py.File, key: str, count: int, first: np.ndarray) -> None:
    """Create a dataset for ``count`` images; maps are stored image by image, as they are read."""
    layout = {}
    if first.ndim > 2 and first.size:
        # A sixth smaller without loss; stronger compression gains a hundredth more.
        layout = {"chunks": (1, *first.shape[1:]), "shuffle": True}
        layout |= {"compression": "gzip", "compression_opts": 1}
    file.create_dataset(key, shape=(count, *first.shape[1:]), dtype=first.dtype, **layout)


def read_predictions(path: Path, images: Path | None = None) -> Predictions:
    """Open the file. Raises InputError if it is damaged, of another kind, or of other ``images``."""
    try:
        require_intact(path)
        file = open_hdf5(path)
        predictions = Predictions(
            image_id=list(file["image_id"].asstr()),
            class_labels=list(file["class_labels"].asstr()),
            **{key: file[key][:] for key in ("true_class", "classes", "scores")},
            **{key: file[key] for key in ("maps", "true_map")},
            **{key: str(file.attrs[key]) for key in _TEXTS},
            **{key: tuple(map(int, file.attrs[key])) for key in _SIDES},
            crops=int(file.attrs["crops"]),
        )
    except FileNotFoundError:
        raise InputError(f"{path}: not found") from None
    except READ_ERRORS as error:
        raise InputError(
            f"{path}: not a whole predictions file ({reason_of(error)}); delete it and rerun"
        ) from None
    if images is not None and fingerprint(images) != predictions.images:
        raise InputError(f"{path}: its images are not those of {images}; delete it and rerun")
    return predictions
