"""PxAP of Choe et al. 2020, "Evaluating Weakly Supervised Object Localization Methods Right".

Pixel average precision measures how well the map of the known class separates the object's pixels
from the background, at all thresholds together, on images with object masks. All pixels of all images
are ranked together by their score. Beside it stands the peak IoU: the intersection over union of the
pixels above the best threshold, one for all images, with the objects' pixels. Both are in percent;
higher is better.

An image is kept as two histograms of its scores, so memory does not depend on the size of images.
Definition: ``MaskEvaluator`` in the authors' evaluation.py (github.com/clovaai/wsolevaluation).
"""

from typing import NamedTuple

import numpy as np

from pipeline_lib.evaluation.interval import TAILS, resampled_means

SIDE = 224  # pixels: maps and masks are evaluated at SIDE x SIDE, their aspect not kept
# A score of 1, the map's maximum, has a bin of its own; the last bin is always empty. It makes the first
# point of the precision-recall curve one of recall 0.
EDGES = np.append(np.arange(0, 1, 0.001), [1.0, 2.0, 3.0])
BINS = len(EDGES) - 1
DRAWS = 500
_MOST_PIXELS = np.iinfo(np.uint16).max
_EMPTY = (np.nan,) * 3


class PixelScores(NamedTuple):
    """PxAP and peak IoU, each as (value, low, high) in percent, with the 95 % interval.

    ``n`` images were scored; ``without_object`` more have an empty mask and were left out. All values
    are NaN if ``n`` is 0.
    """

    px_ap: tuple[float, float, float]
    peak_iou: tuple[float, float, float]
    n: int
    without_object: int


def histograms(
    heat_map: np.ndarray, mask: np.ndarray, ignore: np.ndarray | None = None
) -> np.ndarray:
    """Return how many pixels of the object, and of the background, are in each bin: (2, BINS) uint16.

    ``heat_map`` is (height, width) float, scaled here from its minimum and maximum to 0 and 1; one that
    is constant or not finite counts as 0 everywhere. ``mask`` and ``ignore`` are bool of the same shape.
    Pixels to ignore count for nothing, unless the mask has them too. The caller resizes: all to SIDE,
    maps bilinearly, masks to the nearest pixel. The original upsamples its maps bicubically. Raises
    ValueError for shapes that differ and for more pixels than uint16 can count.
    """
    ignore = np.zeros_like(mask) if ignore is None else ignore
    if not heat_map.shape == mask.shape == ignore.shape or heat_map.size > _MOST_PIXELS:
        shapes = f"{heat_map.shape}, {mask.shape}, {ignore.shape}"
        raise ValueError(f"map and masks of shapes {shapes}: not equal, or too many pixels")
    bins = _bins(_scaled(heat_map).ravel())
    bins[~mask.ravel()] += BINS
    counted = (mask | ~ignore).ravel()
    counts = np.bincount(bins[counted], minlength=2 * BINS)
    return counts.reshape(2, BINS).astype(np.uint16)


def px_ap(histogram: np.ndarray) -> np.ndarray:
    """Return the area under the precision-recall curve in percent, of shape (...).

    ``histogram`` is (..., 2, BINS): of an image, or the sum or mean over images. The area is the sum of
    precision times the gain in recall, over the bins from the highest score down. NaN without an object.
    """
    right, wrong = _above(histogram)
    found = right + wrong
    precision = np.divide(right, found, out=np.zeros_like(right), where=found > 0)
    area = (precision[..., 1:] * np.diff(right)).sum(axis=-1)
    return _percent(area, right[..., -1])


def peak_iou(histogram: np.ndarray) -> np.ndarray:
    """Return the best threshold's IoU of pixels in percent, of shape (...); see ``px_ap``."""
    right, wrong = _above(histogram)
    objects = right[..., -1:]
    union = np.maximum(objects + wrong, 1e-9)  # 0 where there is no pixel at all
    return _percent((right / union).max(axis=-1) * (objects[..., 0] > 0), objects[..., 0] > 0)


def pixel_scores(histograms_of: np.ndarray, seed: int) -> PixelScores:
    """Return the scores of (n, 2, BINS) histograms, uint16, with their intervals.

    An image with an empty mask has no object: it is left out and counted. The intervals are percentile
    bootstrap intervals over the other images; every draw ranks its own pixels and chooses its own
    threshold.
    """
    has_object = histograms_of[:, 0].any(axis=1)
    kept = histograms_of if has_object.all() else histograms_of[has_object]
    n, without_object = len(kept), int((~has_object).sum())
    if not n:
        return PixelScores(_EMPTY, _EMPTY, 0, without_object)
    total = kept.sum(axis=0, dtype=np.int64)
    drawn = resampled_means(kept.reshape(n, -1), DRAWS, seed).reshape(DRAWS, 2, BINS)
    px_ap_of, peak_iou_of = (
        (float(measure(total)), *map(float, np.quantile(measure(drawn), TAILS)))
        for measure in (px_ap, peak_iou)
    )
    return PixelScores(px_ap_of, peak_iou_of, n, without_object)


def _scaled(heat_map: np.ndarray) -> np.ndarray:
    """Return the map from 0 to 1, in its own precision; zeros if it is constant or not finite."""
    low, high = heat_map.min(), heat_map.max()
    if not (np.isfinite(low) and np.isfinite(high)) or high <= low:
        return np.zeros_like(heat_map)
    return (heat_map - low) / (high - low)


def _bins(scores: np.ndarray) -> np.ndarray:
    """Return each score's bin. Scores are in [0, 1]; a score on an edge is in the bin above it."""
    bins = (scores * 1000).astype(np.int32)  # many times faster than a search, but for rounding
    exact = scores.astype(np.float64)
    bins += exact >= EDGES[bins + 1]
    bins -= exact < EDGES[bins]
    return bins


def _above(histogram: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how many pixels of objects, and of backgrounds, are in each bin or a higher one.

    Both are (..., BINS) float64, from the highest bin down.
    """
    counts = np.cumsum(histogram[..., ::-1], axis=-1, dtype=np.float64)
    return counts[..., 0, :], counts[..., 1, :]


def _percent(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Return ``part`` in percent of ``whole``; NaN where that is 0."""
    undefined = np.full(np.shape(part), np.nan)
    return 100 * np.divide(part, whole, out=undefined, where=np.asarray(whole) > 0)
