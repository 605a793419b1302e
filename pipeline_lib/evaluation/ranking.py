"""Measures of a ranking: precision at 10, average precision, and the precision by chance.

A ranking is (n,) bool, best first: which images are positives. ``counts`` (n,) says how often each
image is in a bootstrap sample; the order of the images stays.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import gammaln  # scipy.stats takes a second to import

from pipeline_lib.evaluation.interval import TAILS

FIRST = 10
_DRAWS, _BLOCK = 1000, 100


class Ranked(NamedTuple):
    """Each measure with its 95 % interval; ``max_precision`` is the highest possible precision.

    ``chance`` is the precision of a random order: the base rate, and where 95 % of orders lie.
    """

    n: int
    n_positive: int
    precision: tuple[float, float, float]
    average: tuple[float, float, float]
    chance: tuple[float, float, float]
    max_precision: float


def measure(ranking: np.ndarray, seed: int = 0) -> Ranked:
    """Return the measures of one ranking, with percentile bootstrap intervals of both precisions.

    A bootstrap draws n images with replacement and keeps their order. Raises ValueError for a
    ranking without a positive.
    """
    n, n_positive = len(ranking), int(np.sum(ranking))
    if not n_positive:
        raise ValueError("no image in the ranking is a positive")
    rng = np.random.default_rng(seed)
    precisions, averages = [], []
    for _ in range(_DRAWS // _BLOCK):
        counts = rng.multinomial(n, np.full(n, 1 / n), size=_BLOCK)
        precisions.append(precision(ranking, counts))
        averages.append(average_precision(ranking, counts))
    once = np.ones((1, n), int)
    first = min(FIRST, n)
    return Ranked(
        n,
        n_positive,
        (float(precision(ranking, once)[0]), *_interval(np.concatenate(precisions))),
        (float(average_precision(ranking, once)[0]), *_interval(np.concatenate(averages))),
        (n_positive / n, *chance_interval(n, n_positive)),
        min(n_positive, first) / first,
    )


def precision(ranking: np.ndarray, counts: np.ndarray, first: int = FIRST) -> np.ndarray:
    """Return the fraction of positives among the ``first`` images, (b,), of (b, n) counts.

    With fewer images than ``first``, all of them count.
    """
    before = np.cumsum(counts, axis=1) - counts
    taken = np.clip(first - before, 0, counts)
    return (taken * ranking).sum(1) / taken.sum(1)


def average_precision(ranking: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return scikit-learn's average precision, (b,), of (b, n) counts; NaN without a positive."""
    positives = counts * ranking
    true_positives, ranked = np.cumsum(positives, axis=1), np.cumsum(counts, axis=1)
    totals = true_positives[:, -1]
    sums = (positives * true_positives / np.maximum(ranked, 1)).sum(1)
    return np.divide(sums, totals, out=np.full(len(counts), np.nan), where=totals > 0)


def chance_interval(n: int, n_positive: int, first: int = FIRST) -> tuple[float, float]:
    """Return the interval that holds the precision of 95 % of random orders (hypergeometric)."""
    first = min(first, n)
    hits = np.arange(max(0, first - (n - n_positive)), min(first, n_positive) + 1)
    logs = (
        _log_choose(n_positive, hits)
        + _log_choose(n - n_positive, first - hits)
        - _log_choose(n, first)
    )
    cumulative = np.cumsum(np.exp(logs))
    low, high = (hits[min(np.searchsorted(cumulative, tail), len(hits) - 1)] for tail in TAILS)
    return float(low / first), float(high / first)


def _log_choose(n: int, k: np.ndarray | int) -> np.ndarray:
    """Return the logarithm of the number of ways to choose k of n."""
    return gammaln(n + 1) - gammaln(np.add(k, 1)) - gammaln(n - np.asarray(k) + 1)


def _interval(values: np.ndarray) -> tuple[float, float]:
    low, high = np.nanquantile(values, TAILS)
    return float(low), float(high)
