"""Claims judged on planted tables: turning a difference around turns the judgement around."""

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.manifest import write_csv
from pipeline_lib.evaluation.by_image import Difference
from pipeline_lib.evaluation.interval import error_interval
from pipeline_lib.reporting.catalogue import TABLES
from pipeline_lib.reporting.claims.claim import Claim, Condition, read_claims
from pipeline_lib.reporting.claims.judge import Tables, as_rows, judge, mean_difference
from pipeline_lib.reporting.tables.columns import LAYOUTS
from pipeline_lib.reporting.tables.table import TABLE_COLUMNS, paper_numbers

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
    assert (condition.judged, condition.why) == ("not computed", "B: its job failed")
    (condition,) = judge(claim(below=0), Tables({}, {"table2": "left out"})).conditions
    assert (condition.judged, condition.why) == ("not computed", "left out")
    tables = plant(tmp_path, {"A": wrong_of(0.2)})
    (condition,) = judge(claim(below=0), tables).conditions
    assert condition.why == "table2 has no 'B', 'top-1'"


def test_all_conditions_must_hold(tmp_path):
    tables = plant(tmp_path, {"A": wrong_of(0.2), "B": wrong_of(0.6, seed=1)})
    both = [{"difference": [A, B], "below": 0}, {"difference": [A, B], "above": -5}]
    judged = judge(Claim(name="x", says="", section="1", conditions=both), tables)
    assert judged.state == "does not hold"
    assert [condition.judged for condition in judged.conditions] == ["holds", "does not hold"]
    assert as_rows([judged])["state"].tolist() == ["does not hold"] * 2


def test_any_stands_for_all_that_match_pair_by_pair(tmp_path):
    rows = {
        "A of x": wrong_of(0.1),
        "A of y": wrong_of(0.2, seed=1),
        "B of x": wrong_of(0.5, seed=2),
        "B of y": wrong_of(0.9, seed=3),
        "other": None,
    }
    tables = plant(tmp_path, rows)
    cells = [["table2", "A of {any}", "top-1"], ["table2", "B of {any}", "top-1"]]
    one = Claim(name="x", says="", section="1", conditions=[{"difference": cells, "below": 0}])
    (condition,) = judge(one, tables).conditions
    expected = np.mean([rows[f"A of {k}"].mean() - rows[f"B of {k}"].mean() for k in "xy"])
    assert (condition.of, condition.difference) == (2, pytest.approx(100 * expected))


def test_a_star_in_a_name_is_a_star(tmp_path):
    tables = plant(tmp_path, {"A*": wrong_of(0.1), "AB": wrong_of(0.2), "B": wrong_of(0.5, seed=2)})
    cells = [["table2", "A*", "top-1"], B]
    one = Claim(name="x", says="", section="1", conditions=[{"difference": cells, "below": 0}])
    assert judge(one, tables).conditions[0].of == 1


def test_the_mean_of_independent_differences_has_their_joint_interval():
    rng = np.random.default_rng(0)
    means, errors = np.array([3.0, 5.0, 7.0]), np.array([1.0, 2.0, 0.5])
    each = [
        Difference(m, m - 1.96 * e, m + 1.96 * e, True, 10)
        for m, e in zip(means, errors, strict=True)
    ]
    mean = mean_difference(each)
    low, high = np.quantile(rng.normal(means, errors, (200_000, 3)).mean(axis=1), (0.025, 0.975))
    assert mean[:3] == pytest.approx((5, low, high), abs=0.02)
    assert mean.n == 30


def test_a_table_by_image_that_does_not_make_the_cell_is_refused(tmp_path):
    tables = plant(tmp_path, {"A": wrong_of(0.2), "B": wrong_of(0.5)})
    spoiled = pd.DataFrame({"image_id": range(400), "error": 1})
    write_csv(tmp_path / "scores" / "A.images.csv", spoiled)
    with pytest.raises(InputError, match=r"A\.images\.csv: 'error' has a mean of 100"):
        judge(claim(below=0), tables)


def test_claims_about_any_network_are_about_the_studys_main_one(tmp_path):
    rows = {"net": wrong_of(0.2), "Centred box": wrong_of(0.6, seed=1)}
    tables = plant(tmp_path, rows)
    table = pd.read_csv(tmp_path / "tables/table2.csv").assign(metric="GT-known")
    write_csv(tmp_path / "tables/table2.csv", table)
    (centred,) = (c for c in read_claims("net") if c.name == "cam-beats-the-centred-box")
    assert "net's class map" in centred.says
    assert judge(centred, Tables(tables.paths)).state == "holds"


def test_a_bound_must_be_one():
    with pytest.raises(ValidationError, match="one of above, below and within"):
        Condition(difference=[A, B], above=1, below=2)
    with pytest.raises(ValidationError, match="one of above, below and within"):
        Condition(difference=[A, B])


def test_there_are_enough_claims_and_their_cells_are_those_of_tables():
    claims = read_claims()
    assert len(claims) >= 25
    for condition in (condition for each in claims for condition in each.conditions):
        for cell in condition.difference:
            assert cell.table in TABLES
            if cell.table in LAYOUTS:
                assert cell.metric in [column.label for column in LAYOUTS[cell.table].columns]
                known = paper_numbers()[cell.table]["rows"]
                assert cell.row in [*known, *LAYOUTS[cell.table].baselines]


def test_by_the_papers_own_numbers_its_claims_hold(tmp_path):
    paths = {}
    for name in ("table1", "table2", "table3", "table4", "table5"):
        lines = [
            (row, metric, value, "", "", "", 0, *[""] * 4)
            for row, cells in paper_numbers()[name]["rows"].items()
            for metric, value in cells.items()
            if metric != "quoted"
        ]
        paths[name] = tmp_path / f"{name}.csv"
        write_csv(paths[name], pd.DataFrame(lines, columns=list(TABLE_COLUMNS)))
    judged = [judge(each, Tables(paths)) for each in read_claims()]
    assert {each.state for each in judged} == {"not computed"}
    papers = {each.claim.name: {c.in_the_paper for c in each.conditions} - {""} for each in judged}
    assert not [name for name, states in papers.items() if "does not hold" in states]
    assert sum(states == {"holds"} for states in papers.values()) >= 16
