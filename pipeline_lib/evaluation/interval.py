"""Bootstrap intervals."""

import numpy as np
from scipy.special import bdtr  # scipy.stats takes a second to import

LEVEL = 0.95


def error_interval(outcomes: np.ndarray) -> tuple[float, float]:
    """The 95 % percentile bootstrap interval of the mean of zeros and ones.

    The mean of n outcomes drawn with replacement is Binomial(n, mean) / n, so its percentiles need
    no resampling: this is the bootstrap with infinitely many draws. Raises ValueError where an
    outcome is neither 0 nor 1, or there is none.
    """
    outcomes = np.asarray(outcomes)
    if outcomes.size == 0 or not np.isin(outcomes, (0, 1)).all():
        raise ValueError("outcomes must be zeros and ones, at least one")
    tails = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)
    n = outcomes.size
    at_most = bdtr(np.arange(n + 1), n, outcomes.mean())  # Binomial's distribution function
    low, high = np.searchsorted(at_most, tails) / n
    return float(low), float(high)
