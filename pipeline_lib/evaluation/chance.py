"""How often boxes that look at no image are right: what a localizer of birds has to beat.

The paper says 5.5 % for chance on CUB-200-2011 without a definition (protocol, section 4), so there are
several. Each is a function of an image's size and of the other images' true boxes.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd

from pipeline_lib.evaluation.ground_truth import CORNERS
from pipeline_lib.evaluation.ilsvrc import OVERLAP
from pipeline_lib.evaluation.iou import iou
from pipeline_lib.localization.boxes import centred_box

DRAWS = 200  # random boxes an image: the error of a mean over a thousand images is then below 0.1 %
CENTRED = (0.5, 0.6, 0.7, 0.8)
Guess = Callable[[float, float, np.random.Generator], np.ndarray]


def uniform_corners(width: float, height: float, rng: np.random.Generator) -> np.ndarray:
    """Boxes spanned by two points, each uniform in the image: (DRAWS, 4)."""
    points = rng.random((DRAWS, 2, 2)) * (width, height)
    return np.concatenate([points.min(axis=1), points.max(axis=1)], axis=1)


def uniform_size(width: float, height: float, rng: np.random.Generator) -> np.ndarray:
    """Boxes of uniform width and height, then of uniform place within the image: (DRAWS, 4)."""
    sides = rng.random((DRAWS, 2)) * (width, height)
    low = rng.random((DRAWS, 2)) * ((width, height) - sides)
    return np.concatenate([low, low + sides], axis=1)


def chance_rates(
    images: pd.DataFrame, true_boxes: pd.DataFrame, seed: int = 0
) -> dict[str, np.ndarray]:
    """Return, by baseline, (n,) how probably it is right about each image (IoU of at least half).

    ``images`` have sizes, and each has one box in ``true_boxes``. Another image's box is one of the
    other images', scaled from its image's size to this one's; all of up to DRAWS others are tried.
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
    for part in CENTRED:
        guesses[f"Chance: centred box, {part:.0%} of each side"] = (
            lambda width, height, _, part=part: np.array([centred_box(width, height, part)])
        )
    rates = {name: np.empty(len(images)) for name in guesses}
    other = rates["Chance: another image's box"] = np.empty(len(images))
    for n, ((width, height), true) in enumerate(zip(sizes, boxes, strict=True)):
        for name, guess in guesses.items():
            rates[name][n] = _rate(guess(width, height, rng), true)
        picked = rng.permutation(len(images))[: DRAWS + 1]
        borrowed = relative[picked[picked != n]] * (width, height, width, height)
        other[n] = _rate(borrowed, true) if len(borrowed) else np.nan
    return rates


def _rate(boxes: np.ndarray, true: np.ndarray) -> float:
    return float((iou(boxes, true[None]) >= OVERLAP).mean())
