"""MaxBoxAccV2 of Choe et al. 2020, "Evaluating Weakly Supervised Object Localization Methods Right".

It measures how well the map of the known class localizes, independent of the threshold: for each of
three minimum IoUs the accuracy at its own best threshold, one for all images; then their mean. Higher
is better.
"""

import numpy as np

from pipeline_lib.evaluation.ilsvrc import best_overlap
from pipeline_lib.evaluation.interval import TAILS, resampled_means
from pipeline_lib.localization.components import stats_above

MIN_IOUS = (0.3, 0.5, 0.7)
MAX_SIDE = 224  # pixels of the longer side, the size that Choe et al. evaluate at
DRAWS = 500


def evaluated_size(width: int, height: int) -> tuple[int, int]:
    """Return the (width, height) at which an image's map is evaluated, its aspect kept."""
    scale = min(1.0, MAX_SIDE / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def hits(heat_map: np.ndarray, true_boxes: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Return whether any component's box reaches each IoU with any true box: (thresholds, 3) uint8.

    ``heat_map`` is (height, width), scaled here from its minimum and maximum to 0 and 1; ``thresholds``
    ascend; ``true_boxes`` are (m, 4) in its pixels. A component inside another one's hole counts too;
    the original also counts holes, and rounds maps to 8 bit. A map that is constant or not finite has
    no component.
    """
    low, high = float(heat_map.min()), float(heat_map.max())
    if not np.isfinite(high - low) or high <= low:
        return np.zeros((len(thresholds), len(MIN_IOUS)), np.uint8)
    scaled = (heat_map - low) / (high - low)
    boxes = [_boxes(stats) for stats in stats_above(scaled, thresholds.tolist())]
    overlap = best_overlap(np.concatenate(boxes), true_boxes)
    first = np.cumsum([0, *map(len, boxes[:-1])])  # every threshold below one has a component
    best = np.maximum.reduceat(overlap, first)
    return (best[:, None] >= MIN_IOUS).astype(np.uint8)


def max_box_acc(hits_of: np.ndarray, seed: int) -> tuple[float, float, float]:
    """Return MaxBoxAccV2 of (n, thresholds, IoUs) hits in percent, and its 95 % interval.

    It is a percentile bootstrap interval over the images; every draw chooses its own thresholds.
    """
    n = len(hits_of)
    means = resampled_means(hits_of.reshape(n, -1), DRAWS, seed).reshape(DRAWS, *hits_of.shape[1:])
    low, high = np.quantile(means.max(axis=1).mean(axis=1), TAILS)
    value = hits_of.mean(axis=0).max(axis=0).mean()
    return 100 * float(value), 100 * float(low), 100 * float(high)


def image_accuracies(hits_of: np.ndarray) -> np.ndarray:
    """Return each image's part in MaxBoxAccV2, (n,) in [0, 1], at the thresholds best for all images.

    Their mean is MaxBoxAccV2. ``hits_of`` is (n, thresholds, IoUs).
    """
    best = hits_of.mean(axis=0).argmax(axis=0)
    return hits_of[:, best, np.arange(hits_of.shape[2])].mean(axis=1)


def _boxes(stats: np.ndarray) -> np.ndarray:
    """Return the (k, 4) boxes of components' stats."""
    corner, size = stats[:, :2], stats[:, 2:4]
    return np.hstack([corner, corner + size])
