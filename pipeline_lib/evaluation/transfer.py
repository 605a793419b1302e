"""Scores of linear classifiers on the transfer sets: means over splits, their spread, intervals."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from pipeline_lib.data.manifest import read_csv
from pipeline_lib.evaluation.interval import TAILS

# `row` is the network, `value` is in percent, `spread` is the standard deviation over splits (empty for
# a single split), `n` counts the images tested in any split, or the attributes where `metric` is a mean
# over attributes. A network has two rows, for raw and for normalised features; `chosen` marks the one
# that cross-validation chose.
TRANSFER_SCORE_COLUMNS = (
    *("row", "set", "crop", "metric", "normalised", "chosen", "cost"),
    *("value", "low", "high", "spread", "n", "splits"),
)
# The test images of one split: class, predicted class, and its decision value.
DECISION_COLUMNS = ("image_id", "label", "predicted", "score")
_DRAWS, _BLOCK = 1000, 100


class Outcomes(NamedTuple):
    """One split's outcomes: the (m,) names of the units tested, and (m,) float values in [0, 1]."""

    units: np.ndarray
    values: np.ndarray


class Summary(NamedTuple):
    """The mean over splits in percent, its interval, the spread over splits, and n."""

    value: float
    low: float
    high: float
    spread: float
    n: int


def summarise(splits: Sequence[Outcomes], seed: int = 0) -> Summary:
    """Return the mean of the splits' means, with a 95 % percentile bootstrap over the units.

    An image that is tested in several splits is drawn with all its outcomes: splits share images, so
    the spread over splits alone would underestimate the uncertainty. The spread is the sample standard
    deviation, NaN for one split. A split without a unit in a draw is left out of that draw.
    """
    names, index = np.unique(np.concatenate([split.units for split in splits]), return_inverse=True)
    column = np.repeat(np.arange(len(splits)), [len(split.units) for split in splits])
    tested = np.zeros((len(names), len(splits)), np.float32)
    summed = np.zeros_like(tested)
    np.add.at(tested, (index, column), 1)
    np.add.at(summed, (index, column), np.concatenate([split.values for split in splits]))
    means = np.array([split.values.mean() for split in splits])
    rng = np.random.default_rng(seed)
    draws = []
    for _ in range(_DRAWS // _BLOCK):
        counts = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=_BLOCK)
        weights = counts.astype(np.float32)
        tests = weights @ tested
        draws.append(np.nanmean(np.where(tests > 0, weights @ summed, np.nan) / tests, axis=1))
    low, high = np.quantile(np.concatenate(draws), TAILS)
    spread = means.std(ddof=1) if len(means) > 1 else np.nan
    return Summary(*(100 * float(v) for v in (means.mean(), low, high, spread)), n=len(names))


def read_transfer_scores(path: Path) -> pd.DataFrame:
    """Read scores; the spread may be missing (NaN). Raises InputError like ``read_csv``."""
    scores = read_csv(path, TRANSFER_SCORE_COLUMNS)
    for column in ("value", "low", "high", "spread"):
        scores[column] = pd.to_numeric(scores[column], errors="coerce")
    scores["cost"] = scores["cost"].astype(str)
    for column in ("normalised", "chosen"):
        scores[column] = scores[column].astype(bool)
    return scores


def scaling_name(normalised: bool) -> str:
    """Return the name of features scaled to unit length, or of those that are not."""
    return "L2-normalised" if normalised else "raw"


def most_certain_images(decisions: pd.DataFrame, classes: int, per_class: int) -> list[str]:
    """Return ids of ``per_class`` images of each of ``classes`` classes, the SVM's most certain.

    ``decisions`` has ``DECISION_COLUMNS``. Images that are classified correctly come first, then by
    their score. A class ranks by its last picked image, after all others if it has too few images.
    Where classes have too few, more classes fill up to ``classes`` times ``per_class`` images.
    """
    ranked = decisions.assign(correct=decisions["label"] == decisions["predicted"])
    ranked = ranked.sort_values(["correct", "score"], ascending=False, kind="stable")
    best = ranked.groupby("label", sort=False).head(per_class)
    best = best.assign(images=best.groupby("label")["score"].transform("size"))
    last = best.groupby("label", sort=False).tail(1)
    order = last.sort_values(["images", "correct", "score"], ascending=False, kind="stable")
    names = [
        name for label in order["label"] for name in best.loc[best["label"] == label, "image_id"]
    ]
    return names[: classes * per_class]
