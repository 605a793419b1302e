"""Connected components of masks and their boxes.

All boxes of the package are half-open, (x0, y0, x1, y1), in pixels of the image.
"""

import cv2
import numpy as np

Box = tuple[float, float, float, float]

CONNECTIVITY = 8  # diagonal neighbours are connected: the default of MATLAB's bwconncomp


def largest_component(mask: np.ndarray) -> Box:
    """Return the tight box of a (height, width) mask's largest component; the whole mask if empty.

    Of equally large components the highest in the image wins, then the leftmost.
    """
    stats = component_stats(mask).tolist()
    if not stats:
        return (0, 0, *mask.shape[::-1])
    x, y, w, h, _ = min(stats, key=lambda row: (-row[cv2.CC_STAT_AREA], row[1], row[0]))
    return (x, y, x + w, y + h)


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
