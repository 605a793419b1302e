"""Connected components of masks and their boxes.

All boxes of the package are half-open, (x0, y0, x1, y1), in pixels of the image.
"""

from collections.abc import Iterable, Iterator

import cv2
import numpy as np

Box = tuple[float, float, float, float]

# Diagonal neighbours are connected: the default of MATLAB's bwconncomp. Outlines are followed so too.
CONNECTIVITY = 8
_MANY_OUTLINES = 200  # from here on labelling is faster


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
    """Return (x, y, width, height, area) of each component of a (height, width) mask, (n, 5) int.

    Areas follow from the outlines by Pick's theorem: labelling pixel by pixel takes eight times as
    long for a class map, but half as long for a noisy one.
    """
    outlines, tree = cv2.findContours(
        np.ascontiguousarray(mask, bool).view(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE
    )
    if len(outlines) > _MANY_OUTLINES:
        return _labelled_stats(mask)
    parents = tree[0, :, 3].tolist() if outlines else []
    stats = {}
    for number, (outline, parent) in enumerate(zip(outlines, parents, strict=True)):
        if parent < 0:
            stats[number] = [*cv2.boundingRect(outline), _enclosed(outline, 1)]
    for outline, parent in zip(outlines, parents, strict=True):
        if parent >= 0:  # the outline of a hole: the pixels of the component around it
            stats[parent][cv2.CC_STAT_AREA] -= _enclosed(outline, -1)
    return np.array(list(stats.values()), np.int32).reshape(-1, 5)


def _enclosed(outline: np.ndarray, side: int) -> int:
    """Return how many pixels an outline encloses, with its own (``side`` 1) or without (-1).

    A polygon of area A with B lattice points on its border has A - B/2 + 1 inside (Pick 1899). A line
    that is followed there and back counts twice in B, as it should.
    """
    return int(cv2.contourArea(outline) + side * len(outline) / 2 + 1)


def _labelled_stats(mask: np.ndarray) -> np.ndarray:
    # 16 bit is twice as fast, and enough: four pixels in a square belong to one component at most.
    few = mask.size // 4 + sum(mask.shape) < np.iinfo(np.uint16).max
    _, _, stats, _ = cv2.connectedComponentsWithStats(
        np.ascontiguousarray(mask, np.uint8),
        connectivity=CONNECTIVITY,
        ltype=cv2.CV_16U if few else cv2.CV_32S,
    )
    return stats[1:]  # the first is the background
