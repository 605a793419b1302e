"""The reference solver: liblinear, as scikit-learn wraps it, one class after the other."""

import numpy as np

from pipeline_lib.svm.problem import TOLERANCE, Solution, check, objective


class LiblinearSolver:
    """Solves the same problems as ``BatchedSolver``, with ``LinearSVC``; raises the same errors."""

    def __init__(self, features: np.ndarray) -> None:
        check(features)
        self._features = features

    def solve(
        self,
        targets: np.ndarray,
        cost: float,
        *,
        start: Solution | None = None,
        tolerance: float = TOLERANCE,
    ) -> Solution:
        """Minimise the objective for every column of (n, k) targets.

        liblinear cannot use ``start``; its own tolerance, of the gradient, is always small.
        """
        from sklearn.svm import LinearSVC  # slow to import, and only needed here

        check(self._features, targets)
        weights, bias, reached = [], [], []
        for column in targets.T:
            rows = column != 0
            features, wanted = self._features[rows], column[rows]
            model = LinearSVC(C=cost, dual="auto", tol=1e-6, max_iter=100_000, random_state=0)
            model.fit(features, wanted)
            weights.append(model.coef_[0])
            bias.append(model.intercept_[0])
            (value,) = objective(model.coef_, model.intercept_, features, wanted[:, None], cost)
            reached.append(value)
        return Solution(
            np.array(weights, np.float32), np.array(bias, np.float32), np.array(reached)
        )
