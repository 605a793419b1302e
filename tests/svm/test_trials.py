import numpy as np
import pandas as pd
import pytest

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.manifest import SPLIT_COLUMNS
from pipeline_lib.svm.trials import make_trials

FEATURES = ["c", "a", "d", "b"]  # another order than the splits'


def table(*rows):
    return pd.DataFrame(rows, columns=list(SPLIT_COLUMNS))


def test_each_split_is_a_trial_of_its_own_rows_and_classes():
    splits = table(
        ("1", "train", "a", "owl"),
        ("1", "train", "b", "jay"),
        ("1", "test", "c", "owl"),
        ("1", "test", "d", "jay"),
        ("2", "train", "d", "jay"),
        ("2", "test", "b", "jay"),
    )
    first, second = make_trials(splits, FEATURES)
    assert (first.name, first.classes) == ("1", ["jay", "owl"])
    assert first.train.rows.tolist() == [1, 3]
    assert first.train.targets.tolist() == [[-1, 1], [1, -1]]
    assert first.test.rows.tolist() == [0, 2]
    assert first.test.targets.tolist() == [[-1, 1], [1, -1]]
    assert (second.name, second.classes) == ("2", ["jay"])
    assert second.test.targets.tolist() == [[1]]


def test_attributes_are_one_trial_in_which_each_has_its_own_images():
    splits = table(
        ("wet", "train", "a", "present"),
        ("wet", "train", "b", "absent"),
        ("wet", "test", "c", "present"),
        ("wet", "test", "d", "absent"),
        ("dry", "train", "b", "present"),
        ("dry", "train", "d", "absent"),
        ("dry", "test", "a", "present"),
        ("dry", "test", "c", "absent"),
    )
    (trial,) = make_trials(splits, FEATURES)
    assert trial.classes == ["wet", "dry"]
    by_row = dict(zip(trial.train.rows.tolist(), trial.train.targets.tolist(), strict=True))
    assert by_row == {1: [1, 0], 3: [-1, 1], 2: [0, -1]}
    by_row = dict(zip(trial.test.rows.tolist(), trial.test.targets.tolist(), strict=True))
    assert by_row == {0: [1, -1], 2: [-1, 0], 1: [0, 1]}
    assert trial.train.targets.dtype == np.int8


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("1", "train", "a", "x"), ("1", "test", "nobody", "x")], "nobody: in the splits"),
        ([("1", "train", "a", "x")], "split 1: has no test image"),
        ([("1", "test", "a", "x")], "split 1: has no train image"),
    ],
)
def test_what_cannot_be_trained_or_tested_is_one_line(rows, message):
    with pytest.raises(InputError, match=message):
        make_trials(table(*rows), FEATURES)
