"""Scores of linear classifiers on the transfer sets: means over splits, their spread, intervals."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from pipeline_lib.data.manifest import read_csv
from pipeline_lib.evaluation.interval import TAILS

# `row` is the network, `value` percent, `spread` the standard deviation over splits (none of one
# split), `n` the units tested in any split: images, or attributes where `metric` is a mean of theirs.
# Of a network's two rows, raw and normalised features, cross-validation chose the `chosen` one.
COLUMNS = (
    *("row", "set", "crop", "metric", "normalised", "chosen", "cost"),
    *("value", "low", "high", "spread", "n", "splits"),
)
DECISION_COLUMNS = ("image_id", "label", "guess", "score")
LOCATED_COLUMNS = ("row", "value", "low", "high", "n")
_DRAWS, _BLOCK = 1000, 100


class Outcomes(NamedTuple):
    """One split's: what was tested, (m,) names, and how it came out, (m,) float in [0, 1]."""

    units: np.ndarray
    values: np.ndarray


class Summarised(NamedTuple):
    """The mean over splits in percent, its interval, the spread over splits, and n."""

    value: float
    low: float
    high: float
    spread: float
    n: int


def summarise(splits: Sequence[Outcomes], seed: int = 0) -> Summarised:
    """Return the mean of the splits' means, with a 95 % percentile bootstrap over the units.

    An image that is tested in several splits is drawn with all its outcomes: splits share images, so
    their spread alone says too little about other images. The spread is the sample standard
    deviation, NaN for one split. A draw that leaves a split without a unit leaves the split out.
    """
    names, index = np.unique(np.concatenate([split.units for split in splits]), return_inverse=True)
    part = np.repeat(np.arange(len(splits)), [len(split.units) for split in splits])
    tested = np.zeros((len(names), len(splits)), np.float32)
    summed = np.zeros_like(tested)
    np.add.at(tested, (index, part), 1)
    np.add.at(summed, (index, part), np.concatenate([split.values for split in splits]))
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
    return Summarised(*(100 * float(v) for v in (means.mean(), low, high, spread)), n=len(names))


def read_transfer_scores(path: Path) -> pd.DataFrame:
    """Read scores; the spread may be missing (NaN). Raises InputError like ``read_csv``."""
    scores = read_csv(path, COLUMNS)
    for column in ("value", "low", "high", "spread"):
        scores[column] = pd.to_numeric(scores[column], errors="coerce")
    scores["cost"] = scores["cost"].astype(str)
    for column in ("normalised", "chosen"):
        scores[column] = scores[column].astype(bool)
    return scores
