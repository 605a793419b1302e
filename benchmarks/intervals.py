"""95 % intervals of the tables' cells, against scipy.stats.bootstrap with as many draws.

Errors are means of zeros and ones over 50,000 images, whose percentiles have a closed form;
MaxBoxAccV2 is the best of several means, which is resampled. scipy gets the same outcomes and level.
"""

from collections.abc import Iterator

import numpy as np
from scipy.stats import bootstrap

from benchmarks.harness import Measured, paired
from pipeline_lib.evaluation.interval import error_interval
from pipeline_lib.evaluation.maxboxacc import DRAWS, accuracy

CELLS, IMAGES = 20, 50_000
SWEPT, THRESHOLDS, IOUS = 5_000, 50, 3


def measure(repeats: int, quick: bool) -> Iterator[Measured]:
    """Yield a line for errors and one for MaxBoxAccV2."""
    rng = np.random.default_rng(0)
    images = IMAGES // 10 if quick else IMAGES
    cells = [rng.random(images) < rate for rate in np.linspace(0.05, 0.95, CELLS)]
    far = max(
        float(np.abs(np.subtract(error_interval(cell), _by_scipy(cell))).max())
        for cell in cells[:3]
    )
    yield paired(
        f"intervals of {CELLS} errors over {images:,} images",
        lambda: [error_interval(cell) for cell in cells],
        lambda: [_by_scipy(cell) for cell in cells],
        peer="scipy.stats.bootstrap, 2,000 draws", items=CELLS, unit="cells/s", aim=20,
        same=f"ends, to {100 * far:.2f} points", repeats=repeats,
    )  # fmt: skip
    hits = rng.random((SWEPT, THRESHOLDS, IOUS)) < np.linspace(0.2, 0.8, THRESHOLDS)[None, :, None]
    ours, theirs = accuracy(hits, 0)[1:], _best_by_scipy(hits)
    yield paired(
        f"interval of MaxBoxAccV2 over {SWEPT} images",
        lambda: accuracy(hits, 0),
        lambda: _best_by_scipy(hits),
        peer=f"scipy.stats.bootstrap, {DRAWS} draws", items=1, unit="cells/s", aim=20,
        same=f"ends, to {np.abs(np.subtract(ours, theirs)).max():.2f} points", repeats=repeats,
    )  # fmt: skip


def _by_scipy(outcomes: np.ndarray) -> tuple[float, float]:
    values = outcomes.astype(float)
    found = bootstrap(
        (values,), np.mean, n_resamples=2000, method="percentile", batch=100,
        rng=np.random.default_rng(0),
    )  # fmt: skip
    return tuple(found.confidence_interval)


def _best_by_scipy(hits: np.ndarray) -> tuple[float, float]:
    def accuracy(positions: np.ndarray) -> float:
        return 100 * hits[positions].mean(axis=0).max(axis=0).mean()

    found = bootstrap(
        (np.arange(len(hits)),), accuracy, n_resamples=DRAWS, method="percentile",
        vectorized=False, rng=np.random.default_rng(0),
    )  # fmt: skip
    return tuple(found.confidence_interval)
