"""ILSVRC's errors, as the challenge defines them (protocol, section 2), an outcome per image.

A class's box depends on the class alone, so two things decide every outcome: whether the box drawn
for the true class is right, and the rank of the true class among the guesses. All functions return
bool arrays, True where the image is wrong: their mean is the error. Arrays of any shape that
broadcast will do.
"""

import numpy as np

from pipeline_lib.evaluation.iou import iou

OVERLAP = 0.5  # at least this much is right: exactly 0.5 counts
ABSENT = 1_000_000  # the rank of a class that is none of the guesses
TOP_1, TOP_5, GT_KNOWN = "localization top-1", "localization top-5", "GT-known"
HEURISTICS = "heuristics top-5"


def true_rank(classes: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """The rank, from 1, of (n,) true classes among (n, k) guesses, ``ABSENT`` where there is none."""
    found = classes == truth[:, None]
    return np.where(found.any(axis=1), found.argmax(axis=1) + 1, ABSENT)


def best_overlap(boxes: np.ndarray, true_boxes: np.ndarray) -> np.ndarray:
    """The largest IoU of each of (k, 4) boxes with any of an image's (m, 4) true boxes, as (k,)."""
    return iou(boxes, true_boxes).max(axis=1, initial=0)


def box_is_right(boxes: np.ndarray, true_boxes: list[np.ndarray]) -> np.ndarray:
    """Whether each of (n, 4) boxes overlaps any of its image's (m_i, 4) true boxes by half."""
    return np.array(
        [
            best_overlap(box[None], true)[0] >= OVERLAP
            for box, true in zip(boxes, true_boxes, strict=True)
        ],
        bool,
    )


def classification_error(rank: np.ndarray, k: int) -> np.ndarray:
    """Wrong if the true class is none of the first k guesses."""
    return rank > k


def localization_errors(rank: np.ndarray, right: np.ndarray) -> dict[str, np.ndarray]:
    """Outcomes by metric: top-k is wrong unless the true class is guessed and its box is right.

    GT-known Loc asks for the box alone.
    """
    return {TOP_1: ~(right & (rank <= 1)), TOP_5: ~(right & (rank <= 5)), GT_KNOWN: ~right}


def heuristics_error(rank: np.ndarray, loose: np.ndarray, tight: np.ndarray) -> np.ndarray:
    """Table 3's "heuristics", from the authors' code: five guesses spent on three classes.

    The guesses are the loose and the tight box of the first two classes, and the loose one of the
    third (protocol, section 1); ``loose`` and ``tight`` say whether the true class's boxes are right.
    """
    return ~(((rank <= 2) & (loose | tight)) | ((rank == 3) & loose))
