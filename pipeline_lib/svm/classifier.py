"""A linear classifier on disk: one .npz without pickled objects."""

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from pipeline_lib.common.errors import InputError, reason_of
from pipeline_lib.common.files import atomic


@dataclass(frozen=True)
class LinearClassifier:
    """One SVM for each class: ``weights`` (k, d) and ``bias`` (k,) float32.

    Features are divided by their length first if ``normalised``. ``objective`` (k,) is the value that
    each SVM reached at ``cost``; ``network`` and ``features`` are the fingerprints of the training
    data, ``split`` is the name of its split.
    """

    weights: np.ndarray
    bias: np.ndarray
    objective: np.ndarray
    classes: list[str]
    cost: float
    normalised: bool
    network: str
    features: str
    split: str


def save(path: Path, classifier: LinearClassifier) -> None:
    """Write the file atomically."""
    values = {field.name: getattr(classifier, field.name) for field in fields(classifier)}
    with atomic(path) as temporary:
        np.savez(temporary, **values | {"classes": np.array(classifier.classes, str)})


def load(path: Path) -> LinearClassifier:
    """Read a classifier. Raises InputError if it is missing, truncated or not written by ``save``."""
    try:
        with np.load(path, allow_pickle=False) as file:
            values = {field.name: file[field.name] for field in fields(LinearClassifier)}
        classifier = LinearClassifier(
            **{key: values[key] for key in ("weights", "bias", "objective")},
            **{key: str(values[key]) for key in ("network", "features", "split")},
            classes=[str(name) for name in values["classes"]],
            cost=float(values["cost"]),
            normalised=bool(values["normalised"]),
        )
        shapes = (classifier.weights.shape[0], *classifier.bias.shape, len(classifier.classes))
        if len(set(shapes)) > 1 or classifier.weights.ndim != 2:
            raise ValueError(f"{shapes[0]} weights, {shapes[1]} biases, {shapes[2]} classes")
    except FileNotFoundError:
        raise InputError(f"{path}: not found") from None
    except MemoryError:
        raise
    except Exception as e:  # np.load raises many types for a damaged file
        raise InputError(
            f"{path}: not a whole classifier ({reason_of(e)}); delete it and rerun"
        ) from None
    if not (np.isfinite(classifier.weights).all() and np.isfinite(classifier.bias).all()):
        raise InputError(f"{path}: holds weights that are no numbers; delete it and rerun")
    return classifier
