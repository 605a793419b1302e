"""What a splits table asks of a linear classifier: which images to train on, which to test on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.manifest import ABSENT, PRESENT
from pipeline_lib.svm.metrics import ACCURACY, AVERAGE_PRECISION


@dataclass(frozen=True)
class Part:
    """Images by their ``rows`` in the features, (m,) int, and their targets (m, classes) int8.

    A target is +1 for images of the class, -1 for others, 0 for images that are not in its problem.
    """

    rows: np.ndarray
    targets: np.ndarray


@dataclass(frozen=True)
class Trial:
    """One classifier to train and to test; ``classes`` are the targets' columns."""

    name: str
    classes: list[str]
    train: Part
    test: Part


def metric_of(splits: pd.DataFrame) -> str:
    """Return how the classifiers of a splits table are measured, see ``metrics``."""
    return AVERAGE_PRECISION if set(splits["label"]) <= {PRESENT, ABSENT} else ACCURACY


def trials(splits: pd.DataFrame, image_id: Sequence[str]) -> list[Trial]:
    """Return the trials of a splits table.

    Of one label an image: a trial a split, its classes sorted. Of attributes, whose labels are
    "present" and "absent": one trial, in which each attribute has its own images. Raises InputError
    for an image without features and for a split without training or test images.
    """
    row_of = {name: row for row, name in enumerate(image_id)}
    rows = splits["image_id"].map(row_of)
    if rows.isna().any():
        name = splits["image_id"][rows.isna()].iloc[0]
        raise InputError(f"{name}: in the splits, but not among the features; extract them again")
    splits = splits.assign(row=rows.astype(int))
    for name, split in splits.groupby("split", sort=False):
        for part in ("train", "test"):
            if part not in set(split["part"]):
                raise InputError(f"split {name}: has no {part} image; rerun index")
    if metric_of(splits) == AVERAGE_PRECISION:
        return [_trial("all", splits, list(dict.fromkeys(splits["split"])), _attributes)]
    return [
        _trial(str(name), split, sorted(set(split["label"])), _labelled)
        for name, split in splits.groupby("split", sort=False)
    ]


def _trial(name: str, rows: pd.DataFrame, classes: list[str], part: Callable[..., Part]) -> Trial:
    train, test = (part(rows[rows["part"] == which], classes) for which in ("train", "test"))
    return Trial(name, classes, train, test)


def _labelled(chosen: pd.DataFrame, classes: list[str]) -> Part:
    index = pd.Categorical(chosen["label"], categories=classes).codes
    targets = np.full((len(chosen), len(classes)), -1, np.int8)
    targets[np.arange(len(chosen)), index] = 1
    return Part(chosen["row"].to_numpy(), targets)


def _attributes(chosen: pd.DataFrame, classes: list[str]) -> Part:
    rows, place = np.unique(chosen["row"], return_inverse=True)
    targets = np.zeros((len(rows), len(classes)), np.int8)
    column = pd.Categorical(chosen["split"], categories=classes).codes
    targets[place, column] = np.where(chosen["label"] == PRESENT, 1, -1)
    return Part(rows, targets)
