"""How well a ranking puts first what it should: precision at 10 and average precision, and chance.

A ranking is (n,) bool, best first: which images have what was looked for. ``counts`` (n,) says how
often each image is there; a bootstrap sample of images is ranked by counts alone, as the order stays.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import gammaln  # scipy.stats takes a second to import

from pipeline_lib.evaluation.interval import TAILS

FIRST = 10
_DRAWS, _BLOCK = 1000, 100


class Ranked(NamedTuple):
    """Each measure with its 95 % interval; ``best`` is the highest precision that n images allow.

    ``chance`` is the precision of a random order: the base rate, and where 95 % of orders lie.
    """

    n: int
    having: int
    precision: tuple[float, float, float]
    average: tuple[float, float, float]
    chance: tuple[float, float, float]
    best: float


def measure(ranking: np.ndarray, seed: int = 0) -> Ranked:
    """Return the measures of one ranking; the intervals of two are a percentile bootstrap's.

    A bootstrap draws as many images as there are, with replacement, and keeps their order. Raises
    ValueError for a ranking in which no image, or none at all, has what was looked for.
    """
    n, having = len(ranking), int(np.sum(ranking))
    if not having:
        raise ValueError("no image in the ranking has what was looked for")
    rng = np.random.default_rng(seed)
    precisions, averages = [], []
    for _ in range(_DRAWS // _BLOCK):
        counts = rng.multinomial(n, np.full(n, 1 / n), size=_BLOCK)
        precisions.append(precision(ranking, counts))
        averages.append(average_precision(ranking, counts))
    once = np.ones((1, n), int)
    shown = min(FIRST, n)
    return Ranked(
        n,
        having,
        (float(precision(ranking, once)[0]), *_interval(np.concatenate(precisions))),
        (float(average_precision(ranking, once)[0]), *_interval(np.concatenate(averages))),
        (having / n, *chance_interval(n, having)),
        min(having, shown) / shown,
    )


def precision(ranking: np.ndarray, counts: np.ndarray, first: int = FIRST) -> np.ndarray:
    """Return the part of the ``first`` images that are right, (b,), of (b, n) counts.

    Of fewer images than ``first``, the part of all.
    """
    before = np.cumsum(counts, axis=1) - counts
    taken = np.clip(first - before, 0, counts)
    return (taken * ranking).sum(1) / taken.sum(1)


def average_precision(ranking: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return scikit-learn's average precision, (b,), of (b, n) counts; NaN where nothing is right."""
    right = counts * ranking
    found, seen = np.cumsum(right, axis=1), np.cumsum(counts, axis=1)
    totals = found[:, -1]
    sums = (right * found / np.maximum(seen, 1)).sum(1)
    return np.divide(sums, totals, out=np.full(len(counts), np.nan), where=totals > 0)


def chance_interval(n: int, having: int, first: int = FIRST) -> tuple[float, float]:
    """Return where 95 % of random orders have their precision: hypergeometric, in closed form."""
    shown = min(first, n)
    right = np.arange(max(0, shown - (n - having)), min(shown, having) + 1)
    logs = _choose(having, right) + _choose(n - having, shown - right) - _choose(n, shown)
    below = np.cumsum(np.exp(logs))
    low, high = (right[min(np.searchsorted(below, tail), len(right) - 1)] for tail in TAILS)
    return float(low / shown), float(high / shown)


def _choose(n: int, k: np.ndarray | int) -> np.ndarray:
    """The logarithm of the number of ways to choose k of n."""
    return gammaln(n + 1) - gammaln(np.add(k, 1)) - gammaln(n - np.asarray(k) + 1)


def _interval(values: np.ndarray) -> tuple[float, float]:
    low, high = np.nanquantile(values, TAILS)
    return float(low), float(high)
