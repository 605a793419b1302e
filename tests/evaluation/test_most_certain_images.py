import numpy as np
import pandas as pd

from pipeline_lib.evaluation.transfer import DECISION_COLUMNS, most_certain_images


def decisions(*rows):
    return pd.DataFrame(rows, columns=list(DECISION_COLUMNS))


TABLE = decisions(
    ("a1", "ape", "ape", 0.9),
    ("a2", "ape", "ape", 0.8),
    ("a3", "ape", "ape", 2.0),
    ("b1", "bee", "bee", 3.0),
    ("b2", "bee", "ape", 9.0),  # wrong: comes after what is right
    ("c1", "cat", "cat", 1.5),
    ("c2", "cat", "cat", 1.0),
    ("d1", "dog", "dog", 5.0),  # the only one of its class
)


def test_the_most_certain_right_ones_of_the_classes_whose_last_is_most_certain():
    assert most_certain_images(TABLE, 2, 2) == ["c1", "c2", "a3", "a1"]


def test_wrong_ones_fill_up_and_classes_with_too_few_images_come_last():
    assert most_certain_images(TABLE, 5, 2) == ["c1", "c2", "a3", "a1", "b1", "b2", "d1"]


def test_where_every_class_has_one_image_more_classes_are_picked():
    ones = decisions(
        ("a1", "ape", "ape", 0.9), ("b1", "bee", "ape", 5.0), ("d1", "dog", "dog", 2.0)
    )
    assert most_certain_images(ones, 1, 2) == ["d1", "a1"]
    assert most_certain_images(ones, 3, 2) == ["d1", "a1", "b1"]


def test_the_order_of_the_table_does_not_matter():
    rng = np.random.default_rng(0)
    for _ in range(5):
        assert most_certain_images(TABLE.iloc[rng.permutation(len(TABLE))], 2, 2) == [
            "c1",
            "c2",
            "a3",
            "a1",
        ]
