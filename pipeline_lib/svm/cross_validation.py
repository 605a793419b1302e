"""C by cross-validation: all folds and classes use the same features."""

from typing import Protocol

import numpy as np

from pipeline_lib.svm.metrics import AVERAGE_PRECISION, OUTCOMES
from pipeline_lib.svm.problem import TOLERANCE, Solution

# The search ends after so many costs in a row whose score is so much below the best: larger costs take
# longest to solve, and only overfit. Below 1 / mean squared length, all costs give almost the same SVM,
# and their scores differ by chance: there the search goes on.
_PATIENCE, _WORSE = 2, 0.01
# A held-out score needs no exact minimum: at this tolerance it changes by less than chance.
_TOLERANCE = 1e-3
_ALWAYS_TRAINED = -1  # the fold of an example that is never held out


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
    """Return the fold, (n, k) int, that each image is held out in, for each column's problem.

    Images of a class are spread evenly over the folds, the same for all columns. Attributes have
    images of their own: the images with it and those without are spread evenly, column by column. The
    only example of its kind is never held out.
    """
    rng = np.random.default_rng(seed)
    if metric == AVERAGE_PRECISION:
        return np.stack([_spread(column, folds, rng) for column in targets.T], axis=1)
    fold = _spread(targets.argmax(1), folds, rng)
    return np.repeat(fold[:, None], targets.shape[1], axis=1)


def cross_validate(
    solver: Solver,
    features: np.ndarray,
    targets: np.ndarray,
    fold: np.ndarray,
    costs: tuple[float, ...],
    metric: str,
) -> dict[float, float]:
    """Return the mean outcome of the held-out examples for each cost, in [0, 1].

    Costs are tried in increasing order, each starting from the solution for the last one; the search
    ends where larger ones no longer help. A held-out example has target 0, which leaves it out of
    training.
    """
    scores: dict[float, float] = {}
    last: dict[int, Solution] = {}
    worse, negligible = 0, 1 / max(float(np.square(features).sum(1).mean()), 1e-12)
    for cost in sorted(costs):
        outcomes = []
        for held_out in range(fold.max() + 1):
            trained = np.where(fold != held_out, targets, 0).astype(np.int8)
            last[held_out] = solver.solve(
                trained, cost, start=last.get(held_out), tolerance=_TOLERANCE
            )
            tested = (fold == held_out).any(1)
            wanted = np.where(fold == held_out, targets, 0)[tested]
            outcomes.append(OUTCOMES[metric](last[held_out].decide(features[tested]), wanted))
        score = float(np.nanmean(np.concatenate(outcomes)))
        falls = cost > negligible and score < max(scores.values(), default=0) - _WORSE
        worse = worse + 1 if falls else 0
        scores[cost] = score
        if worse == _PATIENCE:
            break
    return scores


def best_cost(scores: dict[float, float]) -> float:
    """Return the cost with the highest score, the smallest of equals."""
    return max(sorted(scores), key=scores.__getitem__)


def _spread(kinds: np.ndarray, folds: int, rng: np.random.Generator) -> np.ndarray:
    """Deal the examples of each kind out to the folds in random order, from a random fold on."""
    fold = np.full(len(kinds), _ALWAYS_TRAINED)
    for kind in np.unique(kinds):
        members = rng.permutation(np.flatnonzero(kinds == kind))
        if len(members) > 1:
            fold[members] = (np.arange(len(members)) + rng.integers(folds)) % folds
    return fold
