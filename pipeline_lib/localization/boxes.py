"""From a class map to a box. Boxes are half-open, (x0, y0, x1, y1), in pixels of the image."""

import cv2
import numpy as np

Box = tuple[float, float, float, float]

THRESHOLD = 0.2  # of the map's maximum (paper, section 3.2)
CONNECTIVITY = 8  # diagonal neighbours belong together, the default of MATLAB's bwconncomp
INTERPOLATIONS = {
    "bilinear": cv2.INTER_LINEAR,
    "bicubic": cv2.INTER_CUBIC,
    "nearest": cv2.INTER_NEAREST,
}


def upsample(class_map: np.ndarray, width: int, height: int, interpolation: str) -> np.ndarray:
    """Resize an (h, w) map to (height, width) float32, pixel centres aligned as areas.

    The paper leaves the interpolation open; bilinear is this project's choice (protocol, section 1).
    """
    return cv2.resize(
        np.asarray(class_map, np.float32),
        (width, height),
        interpolation=INTERPOLATIONS[interpolation],
    )


def paper_box(heat_map: np.ndarray, threshold: float = THRESHOLD) -> Box:
    """The paper's rule: the tight box of the largest connected part above ``threshold`` times the max.

    ``heat_map`` is (height, width), already at the image's size. Of equally large parts the highest
    in the image wins, then the leftmost. A map without a positive maximum (all zero or negative),
    with a NaN or an infinity, or with nothing above the threshold says nothing about the place: its
    box is the whole image.
    """
    height, width = heat_map.shape
    top = float(heat_map.max())
    above = (heat_map > threshold * top).astype(np.uint8)
    if not np.isfinite(heat_map).all() or top <= 0 or not above.any():
        return (0, 0, width, height)
    _, _, stats, _ = cv2.connectedComponentsWithStats(above, connectivity=CONNECTIVITY)
    parts = stats[1:].tolist()  # the first is the background
    x, y, w, h, _ = min(parts, key=lambda part: (-part[cv2.CC_STAT_AREA], part[1], part[0]))
    return (x, y, x + w, y + h)


def centred_box(width: float, height: float, part: float) -> Box:
    """The trivial baseline: ``part`` of each side, in the middle (protocol, section 0)."""
    x, y = width * (1 - part) / 2, height * (1 - part) / 2
    return (x, y, width - x, height - y)
