"""95 % intervals of means: bootstrap intervals, and Wilson's for few outcomes."""

import numpy as np
from scipy.special import bdtr, ndtri  # scipy.stats takes a second to import

LEVEL = 0.95
TAILS = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)
_BLOCK = 4096  # images whose outcomes are converted to float at once


def error_interval(outcomes: np.ndarray) -> tuple[float, float]:
    """Return the 95 % percentile bootstrap interval of the mean of zeros and ones.

    The mean of n outcomes drawn with replacement is Binomial(n, mean) / n, so its percentiles need
    no resampling: this is the bootstrap with infinitely many draws. Raises ValueError for an outcome
    that is neither 0 nor 1, and for no outcome.
    """
    outcomes = np.asarray(outcomes)
    if outcomes.size == 0 or not np.isin(outcomes, (0, 1)).all():
        raise ValueError("outcomes must be zeros and ones, at least one")
    n = outcomes.size
    at_most = bdtr(np.arange(n + 1), n, outcomes.mean())  # Binomial's distribution function
    low, high = np.searchsorted(at_most, TAILS) / n
    return float(low), float(high)


def wilson_interval(outcomes: np.ndarray) -> tuple[float, float]:
    """Return Wilson's 95 % score interval of the mean of zeros and ones, for about ten of them.

    A bootstrap interval of equal outcomes has no width, however few they are; this one has. Source:
    Wilson, "Probable inference, the law of succession, and statistical inference", 1927. Raises
    ValueError for no outcome.
    """
    n, z = len(outcomes), float(ndtri(TAILS[1]))
    if not n:
        raise ValueError("outcomes must be at least one")
    mean = float(np.mean(outcomes))
    middle = (mean + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(mean * (1 - mean) / n + z**2 / (4 * n**2))
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


def resampled_means(outcomes: np.ndarray, draws: int, seed: int) -> np.ndarray:
    """Return the means of (n, m) outcomes, uint8 or float, over n images drawn with replacement.

    The result is (draws, m). For a statistic other than a mean, such as the best of several means:
    compute it for each draw, then take percentiles.
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
    numerator: np.ndarray, denominator: np.ndarray | None = None, draws: int = 2000, seed: int = 0
) -> tuple[float, float, float]:
    """Return the ratio of two means over the same n images, or the first mean if there is no second.

    The result is (value, low, high), with the 95 % percentile bootstrap interval over the images.
    """
    n = len(numerator)
    denominator = np.ones(n) if denominator is None else denominator
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(n, np.full(n, 1 / n), size=draws)
    low, high = np.quantile((counts @ numerator) / (counts @ denominator), TAILS)
    return float(np.mean(numerator) / np.mean(denominator)), float(low), float(high)
