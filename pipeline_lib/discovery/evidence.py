"""How much of a heat map lies where the evidence is: in boxes, by three measures of one image.

- mass: the share of the map's positive part that lies inside the boxes
- strong mass: the same above a part of the map's maximum, where boxes of objects are drawn (section 3.2)
- pointing: whether the map's maximum lies inside a box, the first of equals (the pointing game of
  Zhang et al. 2016, without tolerance)
- pixel AP: the average precision of the map's values as scores of the pixels that are inside

Two maps that look at no image stand beside each: the uniform one, whose measures are the boxes' share of
the area whatever they are (a random pixel is the maximum), and a centred Gaussian.
"""

import numpy as np
from sklearn.metrics import average_precision_score

MEASURES = {  # by what figures and tables call them
    "mass": "mass in word boxes",
    "strong mass": "strong mass in word boxes",
    "pointing": "pointing game",
    "pixel AP": "pixel AP",
}
SPREAD = 0.25  # the centred Gaussian's standard deviation, as a part of each side


def inside(boxes: np.ndarray, width: int, height: int) -> np.ndarray:
    """Return the (height, width) bool mask of pixels whose centre is in a half-open box, (n, 4)."""
    mask = np.zeros((height, width), bool)
    for x0, y0, x1, y1 in np.ceil(np.asarray(boxes, float) - 0.5).astype(int):
        mask[max(y0, 0) : max(y1, 0), max(x0, 0) : max(x1, 0)] = True
    return mask


def centred(width: int, height: int) -> np.ndarray:
    """Return the centred Gaussian, (height, width) float64 with a maximum of about 1."""
    x, y = ((np.arange(side) + 0.5) / side - 0.5 for side in (width, height))
    return np.exp(-(x[None] ** 2 + y[:, None] ** 2) / (2 * SPREAD**2))


def measure(heat: np.ndarray, mask: np.ndarray, threshold: float) -> tuple[float, ...]:
    """Return the MEASURES, parts of 1, of an (h, w) map over an (h, w) mask that is not empty.

    A map without a positive value has no mass inside.
    """
    positive = np.maximum(heat, 0)
    strong = positive * (positive > threshold * positive.max())
    return (
        _share(positive, mask),
        _share(strong, mask),
        float(mask.ravel()[heat.argmax()]),
        float(average_precision_score(mask.ravel(), heat.ravel())),
    )


def uniform(mask: np.ndarray) -> tuple[float, ...]:
    """Return the expected MEASURES of a map that is the same everywhere."""
    return (float(mask.mean()),) * len(MEASURES)


def _share(values: np.ndarray, mask: np.ndarray) -> float:
    total = float(values.sum())
    return float(values[mask].sum()) / total if total > 0 else 0.0
