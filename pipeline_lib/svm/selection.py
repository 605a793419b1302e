"""Choosing C by cross-validation, all folds and classes on the same features."""

from typing import Protocol

import numpy as np

from pipeline_lib.svm.metrics import AVERAGE_PRECISION, OUTCOMES
from pipeline_lib.svm.problem import TOLERANCE, Solution

# Raw GAP features have norms of 10 to 30, so that their useful C is a hundredth of unit features'.
COSTS = (0.0001, 0.001, 0.01, 0.1, 1.0, 10.0, 100.0)
# Costs in a row that are worse by so much end the search: larger ones take longest, and only overfit.
# Below 1 / mean squared length, costs are all alike, their scores differ by chance, and nothing ends.
_PATIENCE, _WORSE = 2, 0.01
# A held-out score needs no exact minimum: at this tolerance it differs by less than chance does.
_TOLERANCE = 1e-3
_ALWAYS = -1  # the fold of an example that is always trained on


class Solver(Protocol):
    """Solves problems on the features it was made for; see ``problem``."""

    def solve(
        self,
        targets: np.ndarray,
        cost: float,
        *,
        start: Solution | None = None,
        tolerance: float = TOLERANCE,
    ) -> Solution:
        """Minimise the objective, to a relative ``tolerance``, for every column of (n, k) int8."""


def stratified_folds(targets: np.ndarray, folds: int, metric: str, seed: int) -> np.ndarray:
    """Return the fold, (n, k) int, that each image is held out in for each column's problem.

    Images of one class are spread evenly over the folds, all columns alike; of attributes, which
    have images of their own, the present and the absent ones of each. The only example of its kind
    is held out in none.
    """
    rng = np.random.default_rng(seed)
    if metric == AVERAGE_PRECISION:
        return np.stack([_spread(column, folds, rng) for column in targets.T], axis=1)
    fold = _spread(targets.argmax(1), folds, rng)
    return np.repeat(fold[:, None], targets.shape[1], axis=1)


def validate(
    solver: Solver,
    features: np.ndarray,
    targets: np.ndarray,
    fold: np.ndarray,
    costs: tuple[float, ...],
    metric: str,
) -> dict[float, float]:
    """Return the mean outcome of the held-out examples by cost, in [0, 1].

    The costs are tried from the smallest on, each from the last one's solution; the search ends
    where larger ones no longer help. An example that is held out has target 0, which leaves it out.
    """
    scores: dict[float, float] = {}
    last: dict[int, Solution] = {}
    worse, alike = 0, 1 / max(float(np.square(features).sum(1).mean()), 1e-12)
    for cost in sorted(costs):
        outcomes = []
        for held in range(fold.max() + 1):
            trained = np.where(fold != held, targets, 0).astype(np.int8)
            last[held] = solver.solve(trained, cost, start=last.get(held), tolerance=_TOLERANCE)
            tested = (fold == held).any(1)
            wanted = np.where(fold == held, targets, 0)[tested]
            outcomes.append(OUTCOMES[metric](last[held].decide(features[tested]), wanted))
        score = float(np.nanmean(np.concatenate(outcomes)))
        falls = cost > alike and score < max(scores.values(), default=0) - _WORSE
        worse = worse + 1 if falls else 0
        scores[cost] = score
        if worse == _PATIENCE:
            break
    return scores


def best(scores: dict[float, float]) -> float:
    """Return the cost of the highest score, the smallest of equals."""
    return max(sorted(scores), key=scores.__getitem__)


def _spread(kinds: np.ndarray, folds: int, rng: np.random.Generator) -> np.ndarray:
    """Deal the examples of each kind out to the folds, the first of them drawn."""
    fold = np.full(len(kinds), _ALWAYS)
    for kind in np.unique(kinds):
        members = rng.permutation(np.flatnonzero(kinds == kind))
        if len(members) > 1:
            fold[members] = (np.arange(len(members)) + rng.integers(folds)) % folds
    return fold
