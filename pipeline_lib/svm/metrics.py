"""How good decision values are; outcomes lie in [0, 1], one for each thing that is tested."""

import numpy as np

ACCURACY, AVERAGE_PRECISION = "accuracy", "average precision"


def right(values: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Whether the largest of each image's (n, k) values is its class's, which alone has target 1."""
    return (values.argmax(1) == targets.argmax(1)).astype(float)


def average_precisions(values: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """The average precision of each of k columns, over the images with a target in it.

    The mean of the precisions at the ranks of the positives, as scikit-learn defines it; NaN where a
    column has no positive.
    """
    from sklearn.metrics import average_precision_score  # slow to import

    found = np.full(targets.shape[1], np.nan)
    for k, (column, wanted) in enumerate(zip(values.T, targets.T, strict=True)):
        if (wanted == 1).any():
            tested = wanted != 0
            found[k] = average_precision_score(wanted[tested] == 1, column[tested])
    return found


OUTCOMES = {ACCURACY: right, AVERAGE_PRECISION: average_precisions}
