"""Scores image by image, and the difference of two scores with its 95 % interval.

A table by image stands behind a number of a report's table: its first column names the image (or what
else is averaged over: an attribute, a concept), ``split`` the split if there are several, and the
column of the score has the image's value in [0, 1], empty where the image does not count. The score
is 100 times the mean of the values, with several splits the mean of their means.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.manifest import read_csv
from pipeline_lib.evaluation.interval import TAILS
from pipeline_lib.evaluation.transfer import Outcomes, summarise

SPLIT = "split"
_DRAWS = 10_000
_FEW = 100  # different values: 0 and 1, or thirds


class Difference(NamedTuple):
    """A difference of two scores in percentage points, its interval, and whether images were paired.

    ``n`` counts the images (or other units) that were paired, 0 without pairs.
    """

    value: float
    low: float
    high: float
    paired: bool
    n: int = 0


def read_by_image(path: Path, column: str) -> list[Outcomes]:
    """Return the values of a score, one ``Outcomes`` a split. Raises InputError like ``read_csv``."""
    table = read_csv(path, (column,))
    values = pd.to_numeric(table[column], errors="coerce")
    table, values = table[values.notna()], values[values.notna()]
    if table.empty:
        raise InputError(f"{path}: has no value of '{column}'; delete it and rerun")
    units = table.iloc[:, 0].astype(str)
    splits = table[SPLIT] if SPLIT in table.columns else pd.Series(0, index=table.index)
    groups = table.groupby(splits, sort=True).groups.values()
    return [Outcomes(units[rows].to_numpy(), values[rows].to_numpy(float)) for rows in groups]


def mean_percent(splits: Sequence[Outcomes]) -> float:
    """Return the score that the values make, in percent."""
    return 100 * float(np.mean([split.values.mean() for split in splits]))


def paired_difference(
    first: Sequence[Outcomes], second: Sequence[Outcomes], seed: int = 0
) -> Difference | None:
    """Return first minus second with its percentile bootstrap interval over images.

    A draw takes an image with both of its values, so that what the two share cancels. None where the
    two are not of the same images in the same splits.
    """
    if len(first) != len(second):
        return None
    differences = []
    for one, other in zip(first, second, strict=True):
        one, other = _sorted(one), _sorted(other)
        if not np.array_equal(one.units, other.units):
            return None
        differences.append(Outcomes(one.units, one.values - other.values))
    values, counts = np.unique(differences[0].values, return_counts=True)
    unique = len(np.unique(differences[0].units)) == len(differences[0].units)
    if len(differences) == 1 and unique and len(values) <= _FEW:
        # Images with equal values are alike: drawing how many there are of each value is the same
        # bootstrap, and takes no longer for 50,000 images than for fifty.
        n = int(counts.sum())
        draws = np.random.default_rng(seed).multinomial(n, counts / n, size=_DRAWS) @ values / n
        value, (low, high) = values @ counts / n, np.quantile(draws, TAILS)
    else:
        value, low, high, _, n = summarise(differences, seed)
        value, low, high = value / 100, low / 100, high / 100
    return Difference(100 * float(value), 100 * float(low), 100 * float(high), True, int(n))


def unpaired_difference(
    first: tuple[float, float, float], second: tuple[float, float, float]
) -> Difference:
    """Return first minus second, each (value, low, high), with the interval for independent samples.

    Source: the method of variance estimates recovery, Zou and Donner, "Construction of confidence
    limits about effect measures", 2008. It needs the two intervals alone, which need not be symmetric.
    A value without an interval (NaN) counts as exact.
    """
    (a, a_low, a_high), (b, b_low, b_high) = (_with_interval(*each) for each in (first, second))
    down, up = np.hypot(a - a_low, b_high - b), np.hypot(a_high - a, b - b_low)
    return Difference(float(a - b), float(a - b - down), float(a - b + up), False)


def _with_interval(value: float, low: float, high: float) -> tuple[float, float, float]:
    return (value, value, value) if np.isnan(low) or np.isnan(high) else (value, low, high)


def _sorted(outcomes: Outcomes) -> Outcomes:
    order = np.argsort(outcomes.units, kind="stable")
    return Outcomes(outcomes.units[order], outcomes.values[order])
