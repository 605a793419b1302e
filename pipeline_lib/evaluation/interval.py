"""Intervals of means: by bootstrap, and of few outcomes Wilson's."""

import numpy as np
from scipy.special import bdtr, ndtri  # scipy.stats takes a second to import

LEVEL = 0.95
TAILS = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)
_BLOCK = 4096  # images whose outcomes are floats at once


def error_interval(outcomes: np.ndarray) -> tuple[float, float]:
    """The 95 % percentile bootstrap interval of the mean of zeros and ones.

    The mean of n outcomes drawn with replacement is Binomial(n, mean) / n, so its percentiles need
    no resampling: this is the bootstrap with infinitely many draws. Raises ValueError where an
    outcome is neither 0 nor 1, or there is none.
    """
    outcomes = np.asarray(outcomes)
    if outcomes.size == 0 or not np.isin(outcomes, (0, 1)).all():
        raise ValueError("outcomes must be zeros and ones, at least one")
    n = outcomes.size
    at_most = bdtr(np.arange(n + 1), n, outcomes.mean())  # Binomial's distribution function
    low, high = np.searchsorted(at_most, TAILS) / n
    return float(low), float(high)


def few_interval(outcomes: np.ndarray) -> tuple[float, float]:
    """Wilson's 95 % score interval of the mean of zeros and ones, for some ten of them.

    Where these all came out the same, a bootstrap would say that nothing else can. Source: Wilson,
    "Probable inference, the law of succession, and statistical inference", 1927. Raises ValueError
    where there is no outcome.
    """
    n, z = len(outcomes), float(ndtri(TAILS[1]))
    if not n:
        raise ValueError("outcomes must be at least one")
    mean = float(np.mean(outcomes))
    middle = (mean + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(mean * (1 - mean) / n + z**2 / (4 * n**2))
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


def resampled_means(outcomes: np.ndarray, draws: int, seed: int) -> np.ndarray:
    """The means of (n, m) outcomes, uint8 or float, over n images drawn with replacement: (draws, m).

    For what is no plain mean, such as the best of several: take it of each draw, then percentiles.
    """
    n, m = outcomes.shape
    rng = np.random.default_rng(seed)
    counts = np.empty((draws, n), np.uint16)
    for draw in counts:
        draw[:] = np.bincount(rng.integers(n, size=n), minlength=n)
    sums = np.zeros((draws, m), np.float32)  # whole numbers below 2**24 are exact
    for start in range(0, n, _BLOCK):
        block = slice(start, start + _BLOCK)
        sums += counts[:, block].astype(np.float32) @ outcomes[block].astype(np.float32)
    return sums / n


def ratio_interval(
    above: np.ndarray, below: np.ndarray | None = None, draws: int = 2000, seed: int = 0
) -> tuple[float, float, float]:
    """Return the mean of (n,) values, over that of others of the same n images if there are any.

    With its 95 % percentile bootstrap interval: (value, low, high). An image is drawn with both.
    """
    below = np.ones(len(above)) if below is None else below
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(len(above), np.full(len(above), 1 / len(above)), size=draws)
    low, high = np.quantile((counts @ above) / (counts @ below), TAILS)
    return float(np.mean(above) / np.mean(below)), float(low), float(high)
