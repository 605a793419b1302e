"""ILSVRC's errors, as the challenge defines them (protocol, section 2), an outcome per image.

A class's box depends on the class alone, so two things decide every outcome: whether the true class's
box is right, and the rank of the true class among the guesses. All functions return bool arrays, True
where the image is wrong: their mean is the error. They accept arrays of any shapes that broadcast.
"""

import numpy as np

from pipeline_lib.evaluation.iou import iou
from pipeline_lib.localization.heuristics import HEURISTICS

MIN_IOU = 0.5  # of a right box: exactly 0.5 is right
NOT_GUESSED = 1_000_000  # the rank of a class that is not among the guesses
TOP_1, TOP_5, GT_KNOWN = "localization top-1", "localization top-5", "GT-known"
HEURISTICS_TOP_5 = "heuristics top-5"


def true_rank(classes: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return the rank, from 1, of (n,) true classes among (n, k) guesses, else ``NOT_GUESSED``."""
    matches = classes == truth[:, None]
    return np.where(matches.any(axis=1), matches.argmax(axis=1) + 1, NOT_GUESSED)


def best_overlap(boxes: np.ndarray, true_boxes: np.ndarray) -> np.ndarray:
    """Return the largest IoU of each of (k, 4) boxes with any of an image's (m, 4) true boxes: (k,)."""
    return iou(boxes, true_boxes).max(axis=1, initial=0)


def best_overlaps(boxes: np.ndarray, true_boxes: list[np.ndarray]) -> np.ndarray:
    """Return the largest IoU of each of (n, 4) boxes with any of its image's (m_i, 4) boxes: (n,)."""
    pairs = zip(boxes, true_boxes, strict=True)
    return np.array([best_overlap(box[None], true)[0] for box, true in pairs], float)


def box_is_right(boxes: np.ndarray, true_boxes: list[np.ndarray]) -> np.ndarray:
    """Return whether each of (n, 4) boxes has an IoU of 0.5 with any of its image's (m_i, 4) boxes."""
    return best_overlaps(boxes, true_boxes) >= MIN_IOU


def classification_error(rank: np.ndarray, k: int) -> np.ndarray:
    """Return True where the true class is not among the first k guesses."""
    return rank > k


def localization_errors(rank: np.ndarray, right: np.ndarray) -> dict[str, np.ndarray]:
    """Return outcomes by metric: top-k is right if the true class is guessed and its box is right.

    GT-known localization needs only the right box.
    """
    return {TOP_1: ~(right & (rank <= 1)), TOP_5: ~(right & (rank <= 5)), GT_KNOWN: ~right}


def heuristics_error(rank: np.ndarray, loose: np.ndarray, tight: np.ndarray) -> np.ndarray:
    """Return outcomes of Table 3's heuristics: none of the five guesses is right.

    ``rank`` is that of the true class; ``loose`` and ``tight`` tell whether its boxes are right.
    """
    right = {"loose": loose, "tight": tight}
    hits = [(rank == guessed) & right[fit] for guessed, fit in HEURISTICS]
    return ~np.any(hits, axis=0)
