"""Which images a costly check is made on: a draw by a seed."""

import numpy as np


def draw_images(
    true_class: np.ndarray, count: int, seed: int, preferred: np.ndarray | None = None
) -> np.ndarray:
    """Return the sorted indices of at most ``count`` labelled images, drawn at random by the seed.

    ``true_class`` (n,) is -1 where there is no label. Images that are ``preferred`` (n,) bool are taken
    first, others only where those are too few. Without it, networks share the draw of an image set.
    """
    order = np.random.default_rng(seed).permutation(len(true_class))
    order = order[true_class[order] >= 0]
    if preferred is not None:
        order = order[np.argsort(~preferred[order], kind="stable")]
    return np.sort(order[:count])
