"""Chance baselines of localization: how often boxes are right that do not depend on the image.

The paper says 5.5 % for chance on CUB-200-2011 without a definition (protocol, section 4), so there are
several. Each depends on an image's size and on the other images' true boxes.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd

from pipeline_lib.evaluation.ground_truth import CORNERS
from pipeline_lib.evaluation.ilsvrc import MIN_IOU
from pipeline_lib.evaluation.iou import iou
from pipeline_lib.localization.centred_box import centred_box

DRAWS = 200  # random boxes per image: the error of a mean over 1,000 images is then below 0.1 %
CENTRED_FRACTIONS = (0.5, 0.6, 0.7, 0.8)
Guess = Callable[[float, float, np.random.Generator], np.ndarray]


def uniform_corners(width: float, height: float, rng: np.random.Generator) -> np.ndarray:
    """Return boxes spanned by two points, each uniform in the image: (DRAWS, 4)."""
    points = rng.random((DRAWS, 2, 2)) * (width, height)
    return np.concatenate([points.min(axis=1), points.max(axis=1)], axis=1)


def uniform_size(width: float, height: float, rng: np.random.Generator) -> np.ndarray:
    """Return boxes of uniform width and height, then of uniform place in the image: (DRAWS, 4)."""
    sides = rng.random((DRAWS, 2)) * (width, height)
    low = rng.random((DRAWS, 2)) * ((width, height) - sides)
    return np.concatenate([low, low + sides], axis=1)


def chance_rates(
    images: pd.DataFrame, true_boxes: pd.DataFrame, seed: int = 0
) -> dict[str, np.ndarray]:
    """Return, by baseline, the (n,) probabilities that it is right about each image (IoU >= 0.5).

    ``images`` have sizes, and each has one box in ``true_boxes``. Another image's box is scaled from
    its image's size to this one's; up to DRAWS other images are tried.
    """
    boxes = true_boxes.set_index("image_id").loc[images["image_id"], CORNERS].to_numpy(float)
    sizes = images[["width", "height"]].to_numpy(float)
    relative = boxes / np.tile(sizes, 2)
    rng = np.random.default_rng(seed)
    guesses: dict[str, Guess] = {
        "Chance: two uniform corners": uniform_corners,
        "Chance: uniform size, then place": uniform_size,
        "Chance: full image": lambda width, height, _: np.array([[0, 0, width, height]]),
    }
    for fraction in CENTRED_FRACTIONS:
        guesses[f"Chance: centred box, {fraction:.0%} of each side"] = (
            lambda width, height, _, fraction=fraction: np.array(
                [centred_box(width, height, fraction)]
            )
        )
    rates = {name: np.empty(len(images)) for name in guesses}
    other = rates["Chance: another image's box"] = np.empty(len(images))
    for n, ((width, height), true) in enumerate(zip(sizes, boxes, strict=True)):
        for name, guess in guesses.items():
            rates[name][n] = _rate(guess(width, height, rng), true)
        sample = rng.permutation(len(images))[: DRAWS + 1]
        borrowed = relative[sample[sample != n]] * (width, height, width, height)
        other[n] = _rate(borrowed, true) if len(borrowed) else np.nan
    return rates


def _rate(boxes: np.ndarray, true: np.ndarray) -> float:
    return float((iou(boxes, true[None]) >= MIN_IOU).mean())
