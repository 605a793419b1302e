"""Both solvers against each other, SciPy's minimum, and what must hold of any solution."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from sklearn.svm import LinearSVC

from pipeline_lib.common.errors import InputError
from pipeline_lib.svm import batched
from pipeline_lib.svm.batched import BatchedSolver
from pipeline_lib.svm.liblinear import LiblinearSolver
from pipeline_lib.svm.problem import objective, one_vs_rest


def problem(n=120, d=30, k=5, seed=0, scale=3.0):
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(n) % k)
    centres = rng.normal(size=(k, d))
    features = np.maximum(0, centres[labels] + rng.normal(size=(n, d))) * scale
    return features.astype(np.float32), one_vs_rest(labels, k)


def gaps(solution, features, targets, cost):
    """How far each class's objective is above LinearSVC's, relatively; below, where that gave up."""
    reached = objective(solution.weights, solution.bias, features, targets, cost)
    best = []
    for column in targets.T:
        rows = column != 0
        model = LinearSVC(C=cost, dual=False, tol=1e-10, max_iter=1_000_000)
        model.fit(features[rows].astype(np.float64), column[rows])
        reference = objective(
            model.coef_, model.intercept_, features[rows], column[rows, None], cost
        )
        best.append(reference[0])
    return reached / np.array(best) - 1


@pytest.mark.parametrize("cost", [1e-4, 1e-2, 1.0])
@pytest.mark.parametrize(("n", "d"), [(120, 30), (40, 200)])  # more images than features, and fewer
def test_the_objective_is_liblinears_to_one_in_ten_thousand(n, d, cost):
    features, targets = problem(n, d)
    for make in (BatchedSolver, LiblinearSolver):
        solution = make(features).solve(targets, cost)
        assert gaps(solution, features, targets, cost).max() < 1e-4
        np.testing.assert_allclose(
            solution.objective,
            objective(solution.weights, solution.bias, features, targets, cost),
            rtol=1e-4,
        )


def test_classes_that_do_not_fit_together_are_solved_in_groups(monkeypatch):
    features, targets = problem()
    together, apart = (BatchedSolver(features) for _ in range(2))
    solution = together.solve(targets, 0.1)
    minimise, groups = batched._minimise, []

    def limited(x, targets, *more):
        groups.append(len(targets))
        if len(targets) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return minimise(x, targets, *more)

    monkeypatch.setattr(batched, "_minimise", limited)
    halved = apart.solve(targets, 0.1, start=solution)
    assert groups == [5, 4, 2, 2, 1]
    np.testing.assert_allclose(halved.objective, solution.objective, rtol=5e-5)
    assert gaps(halved, features, targets, 0.1).max() < 1e-4


def test_features_that_do_not_fit_are_one_line(monkeypatch):
    def too_large(x):
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(batched, "_principal_axes", too_large)
    with pytest.raises(
        InputError, match=r"SVM of 120 x 30 features does not fit .*solver to liblinear"
    ):
        BatchedSolver(problem()[0])


def test_scipy_finds_nothing_lower():
    features, targets = problem(60, 8, 3)
    solution = BatchedSolver(features).solve(targets, 0.1)
    for k in range(3):

        def value(w, k=k):
            return objective(w[None, :-1], w[-1:], features, targets[:, [k]], 0.1)[0]

        start = np.append(solution.weights[k], solution.bias[k])
        result = minimize(value, start, method="L-BFGS-B", options={"maxiter": 500})
        assert solution.objective[k] <= result.fun * (1 + 1e-4)


def test_an_image_of_target_zero_is_not_in_the_problem():
    features, targets = problem()
    used = np.random.default_rng(3).random(targets.shape) < 0.7
    solution = BatchedSolver(features).solve((targets * used).astype(np.int8), 0.1)
    for k in range(targets.shape[1]):
        rows = used[:, k]
        alone = BatchedSolver(features[rows]).solve(targets[rows][:, [k]], 0.1)
        assert solution.objective[k] == pytest.approx(alone.objective[0], rel=1e-4)
        near = 0.02 * np.abs(alone.weights).max()
        np.testing.assert_allclose(solution.weights[k], alone.weights[0], atol=near)


def test_where_it_starts_does_not_matter():
    features, targets = problem()
    solver = BatchedSolver(features)
    cold = solver.solve(targets, 1.0)
    warm = solver.solve(targets, 1.0, start=solver.solve(targets, 0.01))
    np.testing.assert_allclose(warm.objective, cold.objective, rtol=1e-4)


def test_neither_does_the_order_of_images_and_classes():
    features, targets = problem()
    rng = np.random.default_rng(1)
    rows, columns = rng.permutation(len(features)), rng.permutation(targets.shape[1])
    solution = BatchedSolver(features).solve(targets, 1.0)
    other = BatchedSolver(features[rows]).solve(targets[rows][:, columns], 1.0)
    np.testing.assert_allclose(other.objective, solution.objective[columns], rtol=1e-4)


@pytest.mark.parametrize(
    "case", ["constant", "duplicates", "one example", "a zero feature", "huge"]
)
def test_degenerate_features_give_a_finite_minimum(case):
    features, targets = problem(50, 10, 3)
    if case == "constant":
        features[:] = 1
    elif case == "duplicates":
        features, targets = np.repeat(features[:10], 5, axis=0), np.repeat(targets[:10], 5, axis=0)
    elif case == "one example":
        targets = np.where(np.arange(50) == 7, 1, -1).astype(np.int8)[:, None]
    elif case == "a zero feature":
        features[:, 3] = 0
    else:
        features *= 1e3
    cost = 1e-6 if case == "huge" else 1.0
    solution = BatchedSolver(features).solve(targets, cost)
    assert np.isfinite(solution.weights).all()
    assert gaps(solution, features, targets, cost).max() < 1e-4


@pytest.mark.parametrize("make", [BatchedSolver, LiblinearSolver])
def test_what_cannot_be_trained_on_is_one_line(make):
    features, targets = problem(20, 4, 2)
    with pytest.raises(InputError, match="class 1: has no example"):
        make(features).solve(np.where(np.arange(2) == 1, -1, targets).astype(np.int8), 1.0)
    with pytest.raises(InputError, match="not a finite number"):
        make(np.where(features > 1, np.nan, features))
    with pytest.raises(InputError, match="20 features, but 19 targets"):
        make(features).solve(targets[1:], 1.0)
