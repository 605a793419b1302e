"""What is fitted to a split: raw and normalised features, each with the C that suits it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline_lib.features.cache import Features
from pipeline_lib.svm.classifier import LinearClassifier
from pipeline_lib.svm.liblinear import LiblinearSolver
from pipeline_lib.svm.metrics import OUTCOMES
from pipeline_lib.svm.problem import Solution
from pipeline_lib.svm.selection import Solver, best, stratified_folds, validate
from pipeline_lib.svm.trials import Trial


def _batched(features: np.ndarray) -> Solver:
    # Imports PyTorch, which the reference does without.
    from pipeline_lib.svm.batched import BatchedSolver

    return BatchedSolver(features)


SOLVERS: dict[str, Callable[[np.ndarray], Solver]] = {
    "batched": _batched,
    "liblinear": LiblinearSolver,
}


@dataclass(frozen=True)
class Fitted:
    """A trial's SVM of raw or normalised features.

    ``validated`` is its score in the cross-validation that chose the ``cost``; ``values`` (m, k) are
    the decision values of the test images, ``outcomes`` how these came out (see ``metrics``).
    """

    normalised: bool
    cost: float
    validated: float
    solution: Solution
    values: np.ndarray
    outcomes: np.ndarray


def scaled(features: np.ndarray, normalised: bool) -> np.ndarray:
    """Return (n, d) features, each divided by its length if ``normalised``; zeros stay zeros."""
    if not normalised:
        return features
    return features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)


def fit_trial(
    features: np.ndarray,
    trial: Trial,
    *,
    metric: str,
    solver: str,
    costs: Sequence[float],
    folds: int,
    seed: int,
) -> list[Fitted]:
    """Fit and test the SVMs of a trial: of raw features, then of normalised ones.

    ``features`` (n, d) float32 are those of all images. The C of each is chosen on the training
    images alone; with one cost there is nothing to choose.
    """
    fitted = []
    for normalised in (False, True):
        train, test = (
            scaled(features[part.rows], normalised) for part in (trial.train, trial.test)
        )
        solve = SOLVERS[solver](train)
        fold = stratified_folds(trial.train.targets, folds, metric, seed)
        scores = validate(solve, train, trial.train.targets, fold, tuple(costs), metric)
        cost = best(scores)
        solution = solve.solve(trial.train.targets, cost)
        values = solution.decide(test)
        outcomes = OUTCOMES[metric](values, trial.test.targets)
        fitted.append(Fitted(normalised, cost, scores[cost], solution, values, outcomes))
    return fitted


def as_classifier(trial: Trial, fitted: Fitted, features: Features) -> LinearClassifier:
    """Return a trial's SVM as it is kept, with what it was trained on."""
    return LinearClassifier(
        weights=fitted.solution.weights,
        bias=fitted.solution.bias,
        objective=fitted.solution.objective,
        classes=trial.classes,
        cost=fitted.cost,
        normalised=fitted.normalised,
        network=features.network,
        features=features.fingerprint,
        split=trial.name,
    )
