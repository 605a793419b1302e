"""The box method of the authors' released code, which differs from the paper's (protocol, section 1)."""

import cv2
import numpy as np

from pipeline_lib.localization.components import Box

THRESHOLDS = (20, 100, 110)  # of an 8-bit map
MIN_DEPTH = 10  # of 255: a pixel must lie deeper than this inside a component to be kept
MARGIN = 5  # pixels between a box and the right and lower border


def authors_boxes(heat_map: np.ndarray) -> list[Box]:
    """Return the boxes of a heat map, largest first: the first is "loose", the second "tight".

    ``heat_map`` is (height, width) float, zero or more, at the image's size; it is scaled to 8 bit by
    its maximum. For each threshold, the mask above it is eroded by a distance transform, and each
    contour, of a component or of a hole, gives a box. If two boxes share more than half of the
    larger one, the smaller is dropped. Without any box, the whole image is the only one.
    """
    height, width = heat_map.shape
    top = float(heat_map.max())
    if not np.isfinite(heat_map).all() or top <= 0:
        return [(0, 0, width, height)]
    grey = np.round(np.clip(heat_map / top, 0, 1) * 255).astype(np.uint8)
    boxes = [box for threshold in THRESHOLDS for box in _contour_boxes(grey > threshold)]
    boxes = [box for box in boxes if box[2] * box[3] > 0]
    boxes.sort(key=lambda box: -box[2] * box[3])
    kept = _drop_overlapping(boxes) or [(0, 0, width, height)]
    return [(x, y, x + w, y + h) for x, y, w, h in kept]


def _contour_boxes(mask: np.ndarray) -> list[tuple[int, int, int, int]]:
    """Return the (x, y, width, height) around every contour of the eroded mask, holes included.

    Distances are those to the nearest pixel outside, so the mask's rectangle and a pixel around it are
    enough: 1.4 times as fast for class maps.
    """
    x, y, w, h = cv2.boundingRect(mask.view(np.uint8))
    if not w:
        return []
    left, top = max(x - 1, 0), max(y - 1, 0)
    part = np.ascontiguousarray(mask[top : y + h + 1, left : x + w + 1]).view(np.uint8)
    distance = cv2.distanceTransform(part, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    depth = np.floor(distance / distance.max() * 255 + 0.5)
    inside = (depth > MIN_DEPTH).view(np.uint8)
    contours, _ = cv2.findContours(
        inside, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE, offset=(left, top)
    )
    height, width = mask.shape
    boxes = []
    for x, y, w, h in map(cv2.boundingRect, contours):
        w, h = min(w, max(width - x - MARGIN, 0)), min(h, max(height - y - MARGIN, 0))
        boxes.append((min(x, max(width - MARGIN, 0)), min(y, max(height - MARGIN, 0)), w, h))
    return boxes


def _drop_overlapping(boxes: list[tuple[int, int, int, int]]) -> list[tuple[int, int, int, int]]:
    """Drop the later of two boxes, (x, y, width, height), that overlap much.

    As in the released code, the box after a dropped one is not compared: its loop advances although
    the list has become shorter. Gradients have hundreds of contours, so a box is compared with all
    others at once.
    """
    kept = np.array(boxes, np.int64).reshape(-1, 4)
    first = 0
    while first < len(kept):
        dropped, compared_from = [], 0
        for later in np.flatnonzero(_overlap_much(kept[first], kept[first + 1 :])):
            if later >= compared_from:
                dropped.append(first + 1 + later)
                compared_from = later + 2
        if dropped:
            kept = np.delete(kept, dropped, axis=0)
        first += 1
    return [tuple(box) for box in kept.tolist()]


def _overlap_much(box: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return whether a box shares more than half of the larger area with each of (n, 4) others."""
    corner, end = others[:, :2], others[:, :2] + others[:, 2:]
    sides = np.minimum(box[:2] + box[2:], end) - np.maximum(box[:2], corner)
    larger = np.maximum(box[2] * box[3], others[:, 2] * others[:, 3])
    return np.clip(sides, 0, None).prod(axis=1) > larger // 2
