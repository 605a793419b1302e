"""The classifiers of a splits table: which images each is trained on and which it is tested on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.manifest import ABSENT, PRESENT
from pipeline_lib.svm.metrics import ACCURACY, AVERAGE_PRECISION


@dataclass(frozen=True)
class Subset:
    """Training or test images: their ``rows`` in the features, (m,) int, and targets (m, classes) int8.

    A target is +1 for images of the class, -1 for others, 0 for images that are not in its problem.
    """

    rows: np.ndarray
    targets: np.ndarray


@dataclass(frozen=True)
class Trial:
    """One classifier to train and to test; ``classes`` name the targets' columns."""

    name: str
    classes: list[str]
    train: Subset
    test: Subset


def metric_of(splits: pd.DataFrame) -> str:
    """Return the metric of a splits table's classifiers, see ``metrics``."""
    return AVERAGE_PRECISION if set(splits["label"]) <= {PRESENT, ABSENT} else ACCURACY


def make_trials(splits: pd.DataFrame, image_id: Sequence[str]) -> list[Trial]:
    """Return the trials of a splits table; ``image_id`` are the images of the features, in order.

    Images with one class each: one trial for each split, its classes sorted. Attributes, whose labels
    are "present" and "absent": one trial, in which each attribute has its own images. Raises
    InputError for an image without features and for a split without training or test images.
    """
    row_of = {name: row for row, name in enumerate(image_id)}
    rows = splits["image_id"].map(row_of)
    if rows.isna().any():
        name = splits["image_id"][rows.isna()].iloc[0]
        raise InputError(f"{name}: in the splits, but not among the features; extract them again")
    splits = splits.assign(row=rows.astype(int))
    for name, split in splits.groupby("split", sort=False):
        for subset in ("train", "test"):
            if subset not in set(split["subset"]):
                raise InputError(f"split {name}: has no {subset} image; rerun index")
    if metric_of(splits) == AVERAGE_PRECISION:
        return [_trial("all", splits, list(dict.fromkeys(splits["split"])), _attribute_targets)]
    return [
        _trial(str(name), split, sorted(set(split["label"])), _class_targets)
        for name, split in splits.groupby("split", sort=False)
    ]


def _trial(
    name: str, rows: pd.DataFrame, classes: list[str], make_subset: Callable[..., Subset]
) -> Trial:
    train, test = (
        make_subset(rows[rows["subset"] == subset], classes) for subset in ("train", "test")
    )
    return Trial(name, classes, train, test)


def _class_targets(images: pd.DataFrame, classes: list[str]) -> Subset:
    index = pd.Categorical(images["label"], categories=classes).codes
    targets = np.full((len(images), len(classes)), -1, np.int8)
    targets[np.arange(len(images)), index] = 1
    return Subset(images["row"].to_numpy(), targets)


def _attribute_targets(images: pd.DataFrame, classes: list[str]) -> Subset:
    rows, place = np.unique(images["row"], return_inverse=True)
    targets = np.zeros((len(rows), len(classes)), np.int8)
    column = pd.Categorical(images["split"], categories=classes).codes
    targets[place, column] = np.where(images["label"] == PRESENT, 1, -1)
    return Subset(rows, targets)
