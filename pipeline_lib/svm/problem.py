"""The problem that is solved: one-vs-rest, liblinear's squared hinge loss with L2 regularisation.

For each class, with targets t = ±1 and cost C: minimise

    1/2 (|w|^2 + b^2) + C sum_i max(0, 1 - t_i (w . x_i + b))^2

The bias is one more feature of value 1 and is regularised like the others, as in liblinear
(Fan et al. 2008, -s 1 and -s 2) and in scikit-learn's ``LinearSVC(intercept_scaling=1)``. An image
of target 0 is not in the class's problem.
"""

from dataclasses import dataclass

import numpy as np

from pipeline_lib.common.errors import InputError

TOLERANCE = 2e-5  # relative distance of the objective from its minimum


@dataclass(frozen=True)
class Solution:
    """``weights`` (k, d) and ``bias`` (k,) float32, the ``objective`` reached (k,) float64."""

    weights: np.ndarray
    bias: np.ndarray
    objective: np.ndarray

    def decide(self, features: np.ndarray) -> np.ndarray:
        """Return the decision values (n, k) of (n, d) features."""
        return features @ self.weights.T + self.bias


def one_vs_rest(labels: np.ndarray, classes: int) -> np.ndarray:
    """Return the targets (n, classes) int8 of (n,) labels 0 ... classes - 1."""
    targets = np.full((len(labels), classes), -1, np.int8)
    targets[np.arange(len(labels)), labels] = 1
    return targets


def objective(
    weights: np.ndarray, bias: np.ndarray, features: np.ndarray, targets: np.ndarray, cost: float
) -> np.ndarray:
    """Return the objective (k,) of given weights, in float64: by the formula, for checks."""
    weights, bias = np.asarray(weights, np.float64), np.asarray(bias, np.float64)
    values = np.asarray(features, np.float64) @ weights.T + bias
    loss = np.where(targets != 0, np.maximum(0, 1 - targets * values) ** 2, 0)
    return 0.5 * ((weights**2).sum(1) + bias**2) + cost * loss.sum(0)


def check(features: np.ndarray, targets: np.ndarray | None = None) -> None:
    """Raise InputError for features or targets that no classifier can be trained on."""
    if targets is None:
        if not np.isfinite(features).all():
            raise InputError("a feature is not a finite number; extract the features again")
        return
    if len(features) != len(targets):
        raise InputError(f"{len(features)} features, but {len(targets)} targets")
    one_sided = ~((targets == 1).any(0) & (targets == -1).any(0))
    if one_sided.any():
        column = int(np.flatnonzero(one_sided)[0])
        raise InputError(f"class {column}: has no example, or nothing but examples, to train on")
