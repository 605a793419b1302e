"""MaxBoxAccV2 of Choe et al. 2020, "Evaluating Weakly Supervised Object Localization Methods Right".

How well the map of the known class localizes, whatever the threshold: for each of three overlaps the
accuracy at its own best threshold, one for all images; their mean. Higher is better.
"""

import numpy as np

from pipeline_lib.evaluation.ilsvrc import best_overlap
from pipeline_lib.evaluation.interval import TAILS, resampled_means
from pipeline_lib.localization.boxes import part_stats

OVERLAPS = (0.3, 0.5, 0.7)
SIDE = 224  # pixels of the longer side at most, the size that Choe et al. evaluate at
DRAWS = 500


def evaluated_size(width: int, height: int) -> tuple[int, int]:
    """Return the (width, height) at which an image's map is evaluated, its aspect kept."""
    scale = min(1.0, SIDE / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def hits(heat_map: np.ndarray, true_boxes: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Whether any part's box overlaps any true box enough: (thresholds, overlaps) uint8.

    ``heat_map`` is (height, width), scaled here from its minimum and maximum to 0 and 1;
    ``true_boxes`` are (m, 4) in its pixels. A part is what is connected above a threshold, be it
    inside another's hole; the original takes holes for parts as well, and rounds maps to 8 bit. A
    map that is constant or not finite has no part.
    """
    low, high = float(heat_map.min()), float(heat_map.max())
    if not np.isfinite(high - low) or high <= low:
        return np.zeros((len(thresholds), len(OVERLAPS)), np.uint8)
    scaled = (heat_map - low) / (high - low)
    boxes = [_part_boxes(scaled > threshold) for threshold in thresholds]
    overlap = best_overlap(np.concatenate(boxes), true_boxes)
    first = np.cumsum([0, *map(len, boxes[:-1])])  # every threshold below one has a part
    best = np.maximum.reduceat(overlap, first)
    return (best[:, None] >= OVERLAPS).astype(np.uint8)


def max_box_acc(hits_of: np.ndarray, seed: int) -> tuple[float, float, float]:
    """Return MaxBoxAccV2 of (n, thresholds, overlaps) hits in percent, and its 95 % interval.

    The interval is a percentile bootstrap over the images; every draw chooses its own thresholds.
    """
    n = len(hits_of)
    means = resampled_means(hits_of.reshape(n, -1), DRAWS, seed).reshape(DRAWS, *hits_of.shape[1:])
    low, high = np.quantile(means.max(axis=1).mean(axis=1), TAILS)
    value = hits_of.mean(axis=0).max(axis=0).mean()
    return 100 * float(value), 100 * float(low), 100 * float(high)


def _part_boxes(mask: np.ndarray) -> np.ndarray:
    """The (parts, 4) boxes of the connected parts of a mask."""
    stats = part_stats(mask)
    corner, size = stats[:, :2], stats[:, 2:4]
    return np.hstack([corner, corner + size])
