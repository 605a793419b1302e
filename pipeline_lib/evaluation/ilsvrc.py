"""ILSVRC's errors, as the challenge defines them (protocol, section 2), an outcome per image.

All functions return float arrays, 1 where the image is wrong: their mean is the error. They take
the first k guesses, best first; a guess of a class is a class index and a box.
"""

import numpy as np

from pipeline_lib.evaluation.iou import iou

OVERLAP = 0.5  # at least this much is right: exactly 0.5 counts


def classification_error(classes: np.ndarray, truth: np.ndarray, k: int) -> np.ndarray:
    """(n, at least k) guessed classes against (n,) true ones: wrong if none of the first k is it."""
    return (classes[:, :k] != truth[:, None]).all(axis=1).astype(float)


def box_is_right(boxes: np.ndarray, true_boxes: list[np.ndarray]) -> np.ndarray:
    """Whether each of (n, k, 4) boxes overlaps any of its image's (m_i, 4) true boxes by half."""
    return np.array(
        [
            (iou(some, true) >= OVERLAP).any(axis=1)
            for some, true in zip(boxes, true_boxes, strict=True)
        ]
    ).reshape(boxes.shape[:2])


def localization_error(
    classes: np.ndarray, boxes: np.ndarray, truth: np.ndarray, true_boxes: list[np.ndarray], k: int
) -> np.ndarray:
    """Wrong unless one of the first k guesses has both the class and the box right.

    ``classes`` (n, >= k), ``boxes`` (n, >= k, 4), ``truth`` (n,), ``true_boxes`` n arrays (m_i, 4).
    """
    right = (classes == truth[:, None]) & box_is_right(boxes, true_boxes)
    return (~right[:, :k].any(axis=1)).astype(float)


def gt_known_error(boxes: np.ndarray, true_boxes: list[np.ndarray]) -> np.ndarray:
    """GT-known Loc: the (n, 4) boxes were made for the true class; wrong if the overlap is too small."""
    return (~box_is_right(boxes[:, None, :], true_boxes)[:, 0]).astype(float)
