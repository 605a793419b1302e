"""Folds and the choice of C, against brute force and scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score
from sklearn.svm import LinearSVC

from pipeline_lib.svm.cross_validation import best_cost, cross_validate, stratified_folds
from pipeline_lib.svm.liblinear import LiblinearSolver
from pipeline_lib.svm.metrics import ACCURACY, AVERAGE_PRECISION, average_precisions, correct
from pipeline_lib.svm.problem import one_vs_rest


def labelled(sizes, d=6, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    features = rng.normal(size=(len(sizes), d))[labels] + rng.normal(size=(len(labels), d))
    return features.astype(np.float32), labels


def test_every_class_is_spread_evenly_and_a_single_example_is_never_held_out():
    _, labels = labelled([30, 7, 2, 1])
    fold = stratified_folds(one_vs_rest(labels, 4), 3, ACCURACY, 0)
    assert (fold == fold[:, :1]).all()
    for label, size in enumerate([30, 7, 2]):
        counts = np.bincount(fold[labels == label, 0], minlength=3)
        assert counts.sum() == size
        assert counts.max() - counts.min() <= 1
    assert (fold[labels == 3] == -1).all()


def test_an_attributes_present_and_absent_images_are_spread_each_for_itself():
    rng = np.random.default_rng(0)
    targets = rng.choice(np.array([-1, 0, 1], np.int8), (90, 4))
    fold = stratified_folds(targets, 3, AVERAGE_PRECISION, 0)
    for column, held in zip(targets.T, fold.T, strict=True):
        for kind in (-1, 1):
            counts = np.bincount(held[column == kind], minlength=3)
            assert counts.max() - counts.min() <= 1


def test_validation_is_that_of_scikit_learn_on_the_same_folds():
    features, labels = labelled([20, 15, 12])
    targets = one_vs_rest(labels, 3)
    fold = stratified_folds(targets, 3, ACCURACY, 1)
    costs = (0.001, 0.1, 1.0)
    scores = cross_validate(LiblinearSolver(features), features, targets, fold, costs, ACCURACY)
    for cost in costs:
        outcomes = []
        for held in range(3):
            test = fold[:, 0] == held
            model = LinearSVC(C=cost, dual=False, tol=1e-8).fit(features[~test], labels[~test])
            outcomes.append(model.predict(features[test]) == labels[test])
        assert scores[cost] == pytest.approx(np.concatenate(outcomes).mean())


class Scored:
    """A solver whose accuracy at each cost is given: the images of the lower rows are right."""

    def __init__(self, accuracies):
        self.accuracies, self.costs = accuracies, []

    def solve(self, targets, cost, *, start=None, tolerance=0.0):
        self.costs.append(cost)
        return self

    def decide(self, features):
        n = round(self.accuracies[self.costs[-1]] * len(features))
        values = one_vs_rest(np.zeros(len(features), int), 2).astype(float)
        values[n:] *= -1
        return values


def test_the_search_ends_where_larger_costs_are_worse_but_not_on_a_plateau():
    accuracies = {0.01: 0.5, 0.1: 0.5, 1: 0.5, 10: 0.8, 100: 0.7, 1000: 0.6, 10000: 0.9}
    solver = Scored(accuracies)
    targets = one_vs_rest(np.zeros(100, int), 2)
    fold = np.zeros((100, 2), int)
    scores = cross_validate(solver, np.ones((100, 1)), targets, fold, tuple(accuracies), ACCURACY)
    assert solver.costs == [0.01, 0.1, 1, 10, 100, 1000]
    assert best_cost(scores) == 10


def test_costs_too_small_to_matter_do_not_end_the_search():
    accuracies = {1e-4: 0.5, 1e-3: 0.4, 1e-2: 0.3, 1.5: 0.8}
    solver = Scored(accuracies)
    targets, fold = one_vs_rest(np.zeros(100, int), 2), np.zeros((100, 2), int)
    scores = cross_validate(solver, np.ones((100, 1)), targets, fold, tuple(accuracies), ACCURACY)
    assert best_cost(scores) == 1.5


def test_of_equal_costs_the_smallest_is_taken():
    assert best_cost({10: 0.5, 0.1: 0.5, 1: 0.4}) == 0.1


def test_outcomes_are_scikit_learns():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(50, 4))
    targets = rng.choice(np.array([-1, 0, 1], np.int8), (50, 4))
    targets[:, 3] = -np.abs(targets[:, 3])  # no positive: nothing to score
    precisions = average_precisions(values, targets)
    for k in range(3):
        used = targets[:, k] != 0
        expected = average_precision_score(targets[used, k] == 1, values[used, k])
        assert precisions[k] == pytest.approx(expected)
    assert np.isnan(precisions[3])
    labels = rng.integers(4, size=50)
    expected = (values.argmax(1) == labels).astype(float)
    np.testing.assert_array_equal(correct(values, one_vs_rest(labels, 4)), expected)
