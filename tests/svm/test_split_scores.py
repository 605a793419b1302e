"""The choice over splits and the rows of the scores, from outcomes made by hand."""

from types import SimpleNamespace

import numpy as np
import pytest

from pipeline_lib.svm.fitting import FittedSvm
from pipeline_lib.svm.metrics import ACCURACY, AVERAGE_PRECISION
from pipeline_lib.svm.problem import Solution, one_vs_rest
from pipeline_lib.svm.split_scores import FittedSplits, decisions_of, score_rows
from pipeline_lib.svm.trials import Subset, Trial

FEATURES = SimpleNamespace(name="net", image_id=["i0", "i1", "i2", "i3"])
SOLUTION = Solution(np.zeros((2, 1)), np.zeros(2), np.zeros(2))
VALUES = np.array([[2.0, -1.0], [-3.0, -2.0]])


def trial(name, *rows):
    subset = Subset(np.array(rows), one_vs_rest(np.array([0, 0]), 2))
    return Trial(name, ["ape", "bee"], subset, subset)


def svm(normalised, cost, score, *outcomes):
    return FittedSvm(normalised, cost, score, SOLUTION, VALUES, np.array(outcomes, float))


def splits(raw, normalised):
    """Two splits with validation scores; raw features are right about half, normalised about all."""
    fitted = [
        [svm(False, 0.1, raw[0], 1, 0), svm(True, 1.0, normalised[0], 1, 1)],
        [svm(False, 10.0, raw[1], 0, 1), svm(True, 1.0, normalised[1], 1, 1)],
    ]
    return FittedSplits(ACCURACY, [trial("1", 0, 1), trial("2", 1, 3)], fitted)


@pytest.mark.parametrize(
    ("raw", "normalised", "chosen"),
    [((0.9, 0.1), (0.6, 0.6), 1), ((0.9, 0.5), (0.6, 0.6), 0), ((0.5, 0.5), (0.5, 0.5), 0)],
)
def test_the_better_mean_in_cross_validation_is_chosen_whatever_the_test_says(
    raw, normalised, chosen
):
    fitted = splits(raw, normalised)
    assert fitted.chosen == chosen
    scores = score_rows(fitted, FEATURES, "Set", "whole")
    assert scores["chosen"].tolist() == [chosen == 0, chosen == 1]
    assert scores["value"].tolist() == [50, 100]
    assert scores["cost"].tolist() == ["0.1 to 10", "1"]
    assert (scores["n"] == 3).all()  # i1 is tested twice
    assert (scores["splits"] == 2).all()


def test_decisions_are_the_classes_with_the_highest_value_none_for_attributes():
    fitted = svm(False, 1.0, 0.5, 1, 0)
    rows = decisions_of(trial("1", 0, 3), fitted, FEATURES, ACCURACY).to_numpy().tolist()
    assert rows == [["i0", "ape", "ape", 2.0], ["i3", "ape", "bee", -2.0]]
    assert decisions_of(trial("all", 0, 3), fitted, FEATURES, AVERAGE_PRECISION).empty
