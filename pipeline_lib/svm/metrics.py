"""The metrics of decision values; outcomes lie in [0, 1], one for each image or attribute tested."""

import numpy as np

ACCURACY, AVERAGE_PRECISION = "accuracy", "average precision"


def correct(values: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return 1.0 for each image whose largest (n, k) value is that of its class, the one target of 1."""
    return (values.argmax(1) == targets.argmax(1)).astype(float)


def average_precisions(values: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return the average precision of each of k columns, over the images whose target is not 0.

    The mean of the precisions at the ranks of the positives, as scikit-learn defines it; NaN for a
    column without a positive.
    """
    from sklearn.metrics import average_precision_score  # slow to import

    precisions = np.full(targets.shape[1], np.nan)
    for k, (column, wanted) in enumerate(zip(values.T, targets.T, strict=True)):
        if (wanted == 1).any():
            tested = wanted != 0
            precisions[k] = average_precision_score(wanted[tested] == 1, column[tested])
    return precisions


OUTCOMES = {ACCURACY: correct, AVERAGE_PRECISION: average_precisions}
