"""Claims judged on planted tables: turning a difference around turns the judgement around."""

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.data.manifest import write_csv
from pipeline_lib.evaluation.interval import error_interval
from pipeline_lib.reporting.claims.claim import Claim
from pipeline_lib.reporting.claims.judge import Tables, judge
from pipeline_lib.reporting.tables.table import TABLE_COLUMNS

A, B = ["table2", "A", "top-1"], ["table2", "B", "top-1"]


def plant(folder, rows, *, by_image=True, name="table2"):
    """Write a table of {row: (n,) wrong}, and the tables by image behind it."""
    (folder / "tables").mkdir(exist_ok=True)
    (folder / "scores").mkdir(exist_ok=True)
    lines = []
    for row, wrong in rows.items():
        if wrong is None:
            lines.append((row, "top-1", 50.0, "", "", "", 0, "its job failed", "", "", ""))
            continue
        images = pd.DataFrame({"image_id": range(len(wrong)), "error": wrong.astype(int)})
        write_csv(folder / "scores" / f"{row}.images.csv", images)
        low, high = error_interval(wrong)
        ours = (100 * wrong.mean(), 100 * low, 100 * high, len(wrong))
        source = (f"../scores/{row}.images.csv", "error") if by_image else ("", "")
        lines.append((row, "top-1", {"A": 40.0}.get(row, 50.0), *ours, "", "", *source))
    write_csv(folder / "tables" / f"{name}.csv", pd.DataFrame(lines, columns=list(TABLE_COLUMNS)))
    return Tables({name: folder / "tables" / f"{name}.csv"})


def claim(**bound):
    condition = {"difference": [A, B], **bound}
    return Claim(name="x", says="A is better", section="1", conditions=[condition])


def wrong_of(rate, n=400, seed=0):
    return np.random.default_rng(seed).random(n) < rate


@pytest.mark.parametrize("by_image", [True, False])
@pytest.mark.parametrize(
    ("a", "b", "state"),
    [(0.2, 0.5, "holds"), (0.5, 0.2, "does not hold"), (0.3, 0.3, "undecided")],
)
def test_turning_the_inputs_around_turns_the_judgement_around(tmp_path, by_image, a, b, state):
    tables = plant(
        tmp_path, {"A": wrong_of(a, seed=1), "B": wrong_of(b, seed=2)}, by_image=by_image
    )
    judged = judge(claim(below=0), tables)
    assert judged.state == state
    (condition,) = judged.conditions
    assert condition.paired == by_image
    assert (condition.paper, condition.in_the_paper) == (-10, "holds")
    opposite = {"holds": "does not hold", "does not hold": "holds"}.get(state, state)
    assert judge(claim(above=0), tables).state == opposite


def test_alike_holds_only_where_the_whole_interval_is_within(tmp_path):
    same = wrong_of(0.3, 2000)
    few = same.copy()
    few[:20] = ~few[:20]
    tables = plant(tmp_path, {"A": same, "B": few})
    assert judge(claim(within=[-2, 2]), tables).state == "holds"
    assert judge(claim(within=[5, 9]), tables).state == "does not hold"
    unpaired = plant(tmp_path, {"A": wrong_of(0.3, 50), "B": wrong_of(0.3, 50, 1)}, by_image=False)
    assert judge(claim(within=[-2, 2]), unpaired).state == "undecided"


def test_exactly_alike_is_within_and_not_below(tmp_path):
    same = wrong_of(0.3)
    tables = plant(tmp_path, {"A": same, "B": same})
    assert judge(claim(within=[0, 0]), tables).state == "holds"
    assert judge(claim(below=0), tables).state == "undecided"


def test_what_is_not_computed_says_why(tmp_path):
    tables = plant(tmp_path, {"A": wrong_of(0.2), "B": None})
    (condition,) = judge(claim(below=0), tables).conditions
    assert (condition.state, condition.why) == ("not computed", "B: its job failed")
    (condition,) = judge(claim(below=0), Tables({}, {"table2": "left out"})).conditions
    assert (condition.state, condition.why) == ("not computed", "left out")
    tables = plant(tmp_path, {"A": wrong_of(0.2)})
    (condition,) = judge(claim(below=0), tables).conditions
    assert condition.why == "table2 has no 'B', 'top-1'"


def test_all_conditions_must_hold(tmp_path):
    tables = plant(tmp_path, {"A": wrong_of(0.2), "B": wrong_of(0.6, seed=1)})
    both = [{"difference": [A, B], "below": 0}, {"difference": [A, B], "above": -5}]
    judged = judge(Claim(name="x", says="", section="1", conditions=both), tables)
    assert judged.state == "does not hold"
    assert not [name for name, states in papers.items() if "does not hold" in states]
    assert sum(states == {"holds"} for states in papers.values()) >= 18
