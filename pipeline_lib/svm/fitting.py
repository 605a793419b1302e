"""The SVMs of one trial: for raw and for normalised features, each with its own C."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pipeline_lib.features.cache import Features
from pipeline_lib.study.configuration.transfer import SvmConfig
from pipeline_lib.svm.classifier import LinearClassifier
from pipeline_lib.svm.cross_validation import Solver, best_cost, cross_validate, stratified_folds
from pipeline_lib.svm.liblinear import LiblinearSolver
from pipeline_lib.svm.metrics import OUTCOMES
from pipeline_lib.svm.problem import Solution
from pipeline_lib.svm.trials import Trial


def _batched(features: np.ndarray) -> Solver:
    # Imports PyTorch, which the other solver does not need.
    from pipeline_lib.svm.batched import BatchedSolver

    return BatchedSolver(features)


SOLVERS: dict[str, Callable[[np.ndarray], Solver]] = {
    "batched": _batched,
    "liblinear": LiblinearSolver,
}


@dataclass(frozen=True)
class FittedSvm:
    """A trial's SVM on raw or normalised features.

    ``validation_score`` is its mean outcome in the cross-validation that chose ``cost``; ``values``
    (m, k) are the decision values of the test images, ``outcomes`` their outcomes (see ``metrics``).
    """

    normalised: bool
    cost: float
    validation_score: float
    solution: Solution
    values: np.ndarray
    outcomes: np.ndarray


def scale_features(features: np.ndarray, normalised: bool) -> np.ndarray:
    """Return (n, d) features, each divided by its length if ``normalised``; zeros stay zeros."""
    if not normalised:
        return features
    return features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)


def fit_trial(
    features: np.ndarray, trial: Trial, settings: SvmConfig, *, metric: str, seed: int
) -> list[FittedSvm]:
    """Fit and test a trial's SVMs: on raw features, then on normalised ones.

    ``features`` (n, d) float32 are those of all images; ``seed`` is that of the folds. Each C is
    chosen on the training images alone. Raw GAP features have lengths of 10 to 30, so that their best
    C is about a hundredth of the best one for normalised features.
    """
    fitted = []
    for normalised in (False, True):
        train, test = (
            scale_features(features[subset.rows], normalised)
            for subset in (trial.train, trial.test)
        )
        solver = SOLVERS[settings.solver](train)
        fold = stratified_folds(trial.train.targets, settings.folds, metric, seed)
        scores = cross_validate(solver, train, trial.train.targets, fold, settings.costs, metric)
        cost = best_cost(scores)
        solution = solver.solve(trial.train.targets, cost)
        values = solution.decide(test)
        outcomes = OUTCOMES[metric](values, trial.test.targets)
        fitted.append(FittedSvm(normalised, cost, scores[cost], solution, values, outcomes))
    return fitted


def to_classifier(trial: Trial, fitted: FittedSvm, features: Features) -> LinearClassifier:
    """Return a trial's SVM in the form that is saved, with the fingerprints of its training data."""
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
