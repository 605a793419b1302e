"""MaxBoxAcc and MaxBoxAccV2, as the reference evaluator of Choe et al. computes them.

Choe et al. 2020, "Evaluating Weakly Supervised Object Localization Methods Right", and its extension of
2022. They measure how well the map of the known class localizes, independent of the threshold: the
accuracy at the threshold that is best for all images. Higher is better. MaxBoxAcc takes the box of the
largest contour, and an IoU of 0.5. MaxBoxAccV2 takes the boxes of all contours, of which the best
counts, and the mean over three minimum IoUs, each at its own threshold.

Published numbers are of that evaluator, so its conventions are kept, also where this project has
others: maps of 224 x 224 pixels in 8 bit, contours of holes, boxes of inclusive pixels that end one
pixel before the right and lower border, true boxes cut to whole pixels.
"""

import cv2
import numpy as np

from pipeline_lib.evaluation.ilsvrc import best_overlap
from pipeline_lib.evaluation.interval import TAILS, resampled_means

SIDE = 224  # pixels of the evaluated map, whatever the image's aspect
MIN_IOUS = (0.3, 0.5, 0.7)  # of MaxBoxAccV2
LARGEST_IOU = 0.5  # of MaxBoxAcc
V1, V2 = slice(0, 1), slice(1, None)  # the columns of hits
DRAWS = 500


def evaluated_boxes(true_boxes: np.ndarray, width: int, height: int) -> np.ndarray:
    """Return an image's (m, 4) half-open true boxes as inclusive whole pixels of the evaluated map."""
    inclusive = true_boxes - [0, 0, 1, 1]
    return np.trunc(inclusive * np.tile(np.divide(SIDE, (width, height)), 2))


def hits(heat_map: np.ndarray, true_boxes: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Return whether boxes of a map reach the IoUs with any true box: (thresholds, 4) uint8.

    ``heat_map`` is (SIDE, SIDE), scaled here from its minimum and maximum; ``thresholds`` are fractions
    of the maximum; ``true_boxes`` are (m, 4) ``evaluated_boxes``. The columns are MaxBoxAcc, then the
    IoUs of MaxBoxAccV2. A map that is constant or not finite has no contour and hits nothing.
    """
    reached = np.zeros((len(thresholds), 1 + len(MIN_IOUS)), np.uint8)
    low, high = float(heat_map.min()), float(heat_map.max())
    if not np.isfinite(high - low) or high <= low:
        return reached
    grey = ((heat_map - low) / (high - low) * 255).astype(np.uint8)
    limits = (np.asarray(thresholds) * float(grey.max())).astype(int)
    found = [_contour_boxes(grey > limit) for limit in limits.tolist()]
    overlap = _overlaps(np.concatenate([boxes for boxes, _ in found]), true_boxes)
    first = 0
    for row, (boxes, largest) in enumerate(found):
        if not len(boxes):
            continue
        here = overlap[first : first + len(boxes)]
        reached[row] = here[largest] >= LARGEST_IOU, *(here.max() >= MIN_IOUS)
        first += len(boxes)
    return reached


def accuracy(hits_of: np.ndarray, seed: int) -> tuple[float, float, float]:
    """Return the accuracy of (n, thresholds, IoUs) hits in percent, and its 95 % interval.

    Each IoU has the threshold that is best for it; the accuracy is their mean. The interval is a
    percentile bootstrap over the images; every draw chooses its own thresholds.
    """
    n = len(hits_of)
    means = resampled_means(hits_of.reshape(n, -1), DRAWS, seed).reshape(DRAWS, *hits_of.shape[1:])
    low, high = np.quantile(means.max(axis=1).mean(axis=1), TAILS)
    value = hits_of.mean(axis=0).max(axis=0).mean()
    return 100 * float(value), 100 * float(low), 100 * float(high)


def best_thresholds(hits_of: np.ndarray) -> np.ndarray:
    """Return the place of the threshold that is best for all images, for each IoU: the lowest of equals.

    ``hits_of`` is (n, thresholds, IoUs).
    """
    return hits_of.mean(axis=0).argmax(axis=0)


def image_accuracies(hits_of: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return each image's part in the accuracy, (n,) in [0, 1], at a threshold for each IoU.

    With ``best_thresholds``, their mean is the accuracy. ``hits_of`` is (n, thresholds, IoUs).
    """
    return hits_of[:, places, np.arange(hits_of.shape[2])].mean(axis=1)


def _contour_boxes(mask: np.ndarray) -> tuple[np.ndarray, int]:
    """Return the (k, 4) inclusive boxes of a mask's contours, and which contour is the largest."""
    contours, _ = cv2.findContours(mask.view(np.uint8), cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE)
    if not contours:
        return np.empty((0, 4), int), 0
    boxes = np.array([cv2.boundingRect(contour) for contour in contours])
    ends = np.minimum(boxes[:, :2] + boxes[:, 2:], np.array(mask.shape[::-1]) - 1)
    areas = [cv2.contourArea(contour) for contour in contours]
    return np.hstack([boxes[:, :2], ends]), int(np.argmax(areas))


def _overlaps(boxes: np.ndarray, true_boxes: np.ndarray) -> np.ndarray:
    """Return the largest IoU of each of (k, 4) inclusive boxes with any true box, (k,)."""
    one_more = [0, 0, 1, 1]  # half-open
    return best_overlap(boxes + one_more, true_boxes + one_more)
