"""From a heat map to a box. Boxes are half-open, (x0, y0, x1, y1), in pixels of the image."""

import cv2
import numpy as np

Box = tuple[float, float, float, float]

THRESHOLD = 0.2  # of the map's maximum (paper, section 3.2)
CONNECTIVITY = 8  # diagonal neighbours belong together, the default of MATLAB's bwconncomp


def paper_box(heat_map: np.ndarray, threshold: float = THRESHOLD) -> Box:
    """The paper's rule: the tight box of the largest connected part above ``threshold`` times the max.

    ``heat_map`` is (height, width), already at the image's size. A map without a positive maximum
    (all zero or negative), with a NaN or an infinity, or with nothing above the threshold says
    nothing about the place: its box is the whole image.
    """
    top = float(heat_map.max())
    if not np.isfinite(heat_map).all() or top <= 0:
        return (0, 0, *heat_map.shape[::-1])
    return largest_part(heat_map > threshold * top)


def largest_part(mask: np.ndarray) -> Box:
    """The tight box of the largest connected part of a (height, width) mask; all of it if none.

    Of equally large parts the highest in the image wins, then the leftmost.
    """
    parts = part_stats(mask).tolist()
    if not parts:
        return (0, 0, *mask.shape[::-1])
    x, y, w, h, _ = min(parts, key=lambda part: (-part[cv2.CC_STAT_AREA], part[1], part[0]))
    return (x, y, x + w, y + h)


def part_stats(mask: np.ndarray) -> np.ndarray:
    """OpenCV's (x, y, width, height, area) of each connected part of a (height, width) mask."""
    # Twice as fast as 32 bit, and enough: no two of four pixels in a square are of different parts.
    few = mask.size // 4 + sum(mask.shape) < np.iinfo(np.uint16).max
    _, _, stats, _ = cv2.connectedComponentsWithStats(
        np.ascontiguousarray(mask, np.uint8),
        connectivity=CONNECTIVITY,
        ltype=cv2.CV_16U if few else cv2.CV_32S,
    )
    return stats[1:]  # the first is the background


def centred_box(width: float, height: float, part: float) -> Box:
    """The trivial baseline: ``part`` of each side, in the middle (protocol, section 0)."""
    x, y = width * (1 - part) / 2, height * (1 - part) / 2
    return (x, y, width - x, height - y)
