"""Connected components of masks and their boxes.

All boxes of the package are half-open, (x0, y0, x1, y1), in pixels of the image.
"""

from collections.abc import Iterable, Iterator

import cv2
import numpy as np

Box = tuple[float, float, float, float]

CONNECTIVITY = 8  # diagonal neighbours are connected: the default of MATLAB's bwconncomp


def largest_component(mask: np.ndarray) -> Box:
    """Return the tight box of a (height, width) mask's largest component; the whole mask if empty.

    Of equally large components the highest in the image wins, then the leftmost.
    """
    return largest_box(component_stats(mask), mask.shape)


def largest_box(stats: np.ndarray, shape: tuple[int, int]) -> Box:
    """Return ``largest_component`` from the components' stats and the mask's (height, width)."""
    if not len(stats):
        return (0, 0, *shape[::-1])
    x, y, w, h, _ = min(stats.tolist(), key=lambda row: (-row[cv2.CC_STAT_AREA], row[1], row[0]))
    return (x, y, x + w, y + h)


def stats_above(values: np.ndarray, thresholds: Iterable[float]) -> Iterator[np.ndarray]:
    """Yield ``component_stats`` of the mask above each of the ascending ``thresholds``.

    What is above a threshold lies inside what is above a lower one, so only the rectangle around that
    is searched: 1.6 times as fast for 50 thresholds of class maps.
    """
    x = y = 0
    for threshold in thresholds:
        stats = component_stats(values > threshold)
        if len(stats):
            left, top = stats[:, :2].min(0).tolist()
            right, bottom = (stats[:, :2] + stats[:, 2:4]).max(0).tolist()
            stats[:, :2] += (x, y)
            values, x, y = values[top:bottom, left:right], x + left, y + top
        yield stats


def component_stats(mask: np.ndarray) -> np.ndarray:
    """Return OpenCV's (x, y, width, height, area) of each component of a (height, width) mask."""
    # 16 bit is twice as fast, and enough: four pixels in a square belong to one component at most.
    few = mask.size // 4 + sum(mask.shape) < np.iinfo(np.uint16).max
    _, _, stats, _ = cv2.connectedComponentsWithStats(
        np.ascontiguousarray(mask, np.uint8),
        connectivity=CONNECTIVITY,
        ltype=cv2.CV_16U if few else cv2.CV_32S,
    )
    return stats[1:]  # the first is the background
