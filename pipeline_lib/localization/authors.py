"""The box rule of the authors' released code, which is not the paper's (protocol, section 1)."""

import cv2
import numpy as np

from pipeline_lib.localization.boxes import Box

THRESHOLDS = (20, 100, 110)  # of an 8-bit map
DEPTH = 10  # of 255: how deep inside a part a pixel must lie to be kept
MARGIN = 5  # pixels a box keeps away from the right and lower border


def authors_boxes(heat_map: np.ndarray) -> list[Box]:
    """Return the boxes of a heat map, largest first: the first is "loose", the second "tight".

    ``heat_map`` is (height, width) float, zero or more, at the image's size; it is scaled to 8 bit by
    its maximum. For each threshold the parts above it are eroded by a distance transform; every
    contour, of a part or of a hole in it, gives a box; of two boxes that share more than half of the
    larger one the smaller goes. A map that says nothing has one box, the whole image.
    """
    height, width = heat_map.shape
    top = float(heat_map.max())
    if not np.isfinite(heat_map).all() or top <= 0:
        return [(0, 0, width, height)]
    grey = np.round(np.clip(heat_map / top, 0, 1) * 255).astype(np.uint8)
    found = [box for threshold in THRESHOLDS for box in _contour_boxes(grey > threshold)]
    found = [box for box in found if box[2] * box[3] > 0]
    found.sort(key=lambda box: -box[2] * box[3])
    kept = _merged(found) or [(0, 0, width, height)]
    return [(x, y, x + w, y + h) for x, y, w, h in kept]


def _contour_boxes(mask: np.ndarray) -> list[tuple[int, int, int, int]]:
    """The (x, y, width, height) around every contour of the mask's inside, outer and hole borders."""
    distance = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    if distance.max() <= 0:
        return []
    depth = np.floor(distance / distance.max() * 255 + 0.5)
    inside = (depth > DEPTH).astype(np.uint8)
    contours, _ = cv2.findContours(inside, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    height, width = mask.shape
    boxes = []
    for x, y, w, h in map(cv2.boundingRect, contours):
        w, h = min(w, max(width - x - MARGIN, 0)), min(h, max(height - y - MARGIN, 0))
        boxes.append((min(x, max(width - MARGIN, 0)), min(y, max(height - MARGIN, 0)), w, h))
    return boxes


def _merged(boxes: list[tuple[int, int, int, int]]) -> list[tuple[int, int, int, int]]:
    """Drop the smaller of two boxes, (x, y, width, height), that overlap much.

    As in the released code, the box after a dropped one is not compared: its loop moves on although
    the list has closed up. Gradients have contours by the hundred, so one box meets all others at once.
    """
    kept = np.array(boxes, np.int64).reshape(-1, 4)
    first = 0
    while first < len(kept):
        dropped, compared_from = [], 0
        for later in np.flatnonzero(_share_much(kept[first], kept[first + 1 :])):
            if later >= compared_from:
                dropped.append(first + 1 + later)
                compared_from = later + 2
        if dropped:
            kept = np.delete(kept, dropped, axis=0)
        first += 1
    return [tuple(box) for box in kept.tolist()]


def _share_much(box: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Whether a box shares more than half of the larger area with each of (n, 4) others."""
    corner, end = others[:, :2], others[:, :2] + others[:, 2:]
    sides = np.minimum(box[:2] + box[2:], end) - np.maximum(box[:2], corner)
    larger = np.maximum(box[2] * box[3], others[:, 2] * others[:, 3])
    return np.clip(sides, 0, None).prod(axis=1) > larger // 2
