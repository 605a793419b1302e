"""How much of a heat map lies in boxes: measures of one image.

- mass: the fraction of the map's positive mass inside the boxes
- strong mass: the same for the mass above a threshold, a fraction of the map's maximum, as for the
  boxes of objects (section 3.2)
- pointing: whether the map's maximum, the first of equals, is inside a box (the pointing game of Zhang
  et al. 2016, without tolerance)
- pixel AP: the average precision of the map's values as scores of the pixels inside the boxes

Two baselines do not depend on the image: a uniform map, for which every measure is the fraction of the
area inside the boxes (its maximum is a random pixel), and a centred Gaussian.
"""

import numpy as np

MEASURES = {  # names in figures and tables
    "mass": "mass in word boxes",
    "strong mass": "strong mass in word boxes",
    "pointing": "pointing game",
    "pixel AP": "pixel AP",
}
SPREAD = 0.25  # the centred Gaussian's standard deviation, as a fraction of each side


def box_mask(boxes: np.ndarray, width: int, height: int) -> np.ndarray:
    """Return the (height, width) bool mask of pixels whose centre is in a half-open box, (n, 4)."""
    mask = np.zeros((height, width), bool)
    for x0, y0, x1, y1 in np.ceil(np.asarray(boxes, float) - 0.5).astype(int):
        mask[max(y0, 0) : max(y1, 0), max(x0, 0) : max(x1, 0)] = True
    return mask


def centred_map(width: int, height: int) -> np.ndarray:
    """Return the centred Gaussian, (height, width) float64 with a maximum of about 1."""
    x, y = ((np.arange(side) + 0.5) / side - 0.5 for side in (width, height))
    return np.exp(-(x[None] ** 2 + y[:, None] ** 2) / (2 * SPREAD**2))


def measure_map(heat: np.ndarray, mask: np.ndarray, threshold: float) -> tuple[float, ...]:
    """Return the MEASURES, in [0, 1], of an (h, w) map over a non-empty (h, w) mask.

    A map without a positive value has no mass inside.
    """
    from sklearn.metrics import average_precision_score  # slow to import: figures need only names

    positive = np.maximum(heat, 0)
    strong = positive * (positive > threshold * positive.max())
    return (
        _fraction_inside(positive, mask),
        _fraction_inside(strong, mask),
        float(mask.ravel()[heat.argmax()]),
        float(average_precision_score(mask.ravel(), heat.ravel())),
    )


def measure_uniform_map(mask: np.ndarray) -> tuple[float, ...]:
    """Return the expected MEASURES of a map that is the same everywhere."""
    return (float(mask.mean()),) * len(MEASURES)


def _fraction_inside(values: np.ndarray, mask: np.ndarray) -> float:
    total = float(values.sum())
    return float(values[mask].sum()) / total if total > 0 else 0.0
