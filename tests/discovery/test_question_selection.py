import pandas as pd

from pipeline_lib.discovery.question_selection import is_pair, select_questions

COLUMNS = ["question_id", "image_id", "answer_type", "answer", "probability", "accuracy"]


def test_right_ones_and_wrong_ones_of_each_type_then_pairs():
    rows = [
        (1, "a", "other", "cat", 0.9, 1.0),
        (2, "b", "other", "cat", 0.8, 1.0),
        (3, "c", "other", "cat", 0.7, 0.9),
        (4, "d", "other", "cat", 0.6, 0.6),  # neither right nor wrong
        (5, "d", "other", "dog", 0.5, 0.0),
        (6, "a", "yes/no", "yes", 0.99, 1.0),
        (7, "e", "yes/no", "no", 0.98, 0.0),
        (8, "f", "other", "cat", 0.4, 1.0),
        (9, "f", "other", "cat", 0.35, 1.0),
        (10, "f", "other", "bee", 0.3, 1.0),  # with 8: the first that differ
        (11, "g", "other", "cat", 0.35, 1.0),
        (12, "g", "other", "ape", 0.32, 0.9),
        (13, "h", "other", "cat", 0.31, 0.3),
        (14, "h", "other", "ape", 0.31, 1.0),
    ]
    table = pd.DataFrame(rows, columns=COLUMNS)
    shown = select_questions(table.sample(frac=1, random_state=0), 2)
    found = list(shown[["question_id", "why", "group"]].itertuples(index=False, name=None))
    assert found == [
        (6, "surest right", "yes/no"),
        (7, "surest wrong", "yes/no"),
        (2, "surest right", "other"),  # 1 is of an image that is shown already
        (9, "median right", "other"),  # the fifth of nine
        (5, "surest wrong", "other"),
        (11, "both right", "pair 1"),
        (12, "both right", "pair 1"),
    ]
    assert [is_pair(group) for group in shown["group"]] == [False] * 5 + [True] * 2


def test_nothing_right_or_wrong_is_nothing_to_show():
    table = pd.DataFrame([(1, "a", "other", "cat", 0.9, 0.6)], columns=COLUMNS)
    assert select_questions(table, 2).empty
