"""The paper's numbers in Tables 1 to 3: as printed there, and nowhere but in its column."""

import pytest

from pipeline_lib.reporting.tables.localization import build_cells
from pipeline_lib.reporting.tables.table import TABLE_COLUMNS
from tests.reporting.score_rows import NO_SCORES

TABLES = ("table1", "table2", "table3")


def printed(table):
    """{row: {metric: the paper's number}} of a built table."""
    built = build_cells(table, NO_SCORES, [])
    numbers = {}
    for row in built[built["paper"].notna()].itertuples():
        numbers.setdefault(row.row, {})[row.metric] = row.paper
    return numbers


@pytest.mark.parametrize(
    ("row", "top_1_accuracy", "top_5_accuracy"),
    [("GoogLeNet-GAP", 43.60, 57.00), ("VGGnet-GAP", 42.80, 54.86)],
)
def test_localization_errors_are_the_accuracies_that_others_quote(
    row, top_1_accuracy, top_5_accuracy
):
    numbers = printed("table2")[row]
    assert numbers["top-1"] == pytest.approx(100 - top_1_accuracy)
    assert numbers["top-5"] == pytest.approx(100 - top_5_accuracy)


@pytest.mark.parametrize(
    ("table", "row", "top_1", "top_5"),
    [
        ("table1", "VGGnet-GAP", 33.4, 12.2),
        ("table1", "GoogLeNet-GAP", 35.0, 13.2),
        ("table1", "AlexNet-GAP", 51.1, 26.3),
        ("table1", "NIN", 41.9, 19.6),
        ("table1", "GoogLeNet-GMP", 35.6, 13.9),
        ("table2", "GoogLeNet-GAP", 56.40, 43.00),
        ("table2", "VGGnet-GAP", 57.20, 45.14),
        ("table2", "GoogLeNet-GMP", 57.78, 45.26),
        ("table2", "Backprop on GoogLeNet", 61.31, 50.55),
    ],
)
def test_the_papers_numbers_are_as_printed(table, row, top_1, top_5):
    assert printed(table)[row] == {"top-1": top_1, "top-5": top_5}


def test_table_3_is_as_printed():
    assert printed("table3") == {
        "GoogLeNet-GAP (heuristics)": {"top-5": 37.1},
        "GoogLeNet-GAP": {"top-5": 42.9},
        "Backprop": {"top-5": 46.4},
        "GoogLeNet (with boxes)": {"top-5": 26.7},
        "OverFeat (with boxes)": {"top-5": 29.9},
        "AlexNet (with boxes)": {"top-5": 34.2},
    }


@pytest.mark.parametrize("table", ["table1", "table2"])
def test_no_error_of_the_paper_is_out_of_order(table):
    for numbers in printed(table).values():
        assert 0 < numbers["top-5"] < numbers["top-1"] < 100


@pytest.mark.parametrize("table", TABLES)
def test_the_papers_numbers_stand_in_the_papers_column_only(table):
    built = build_cells(table, NO_SCORES, [])
    assert tuple(built.columns) == TABLE_COLUMNS
    assert built[["ours", "low", "high"]].isna().all(axis=None)
    assert (built["n"] == 0).all()
    assert built["paper"].notna().any()


def test_the_paper_reports_no_gt_known():
    built = build_cells("table2", NO_SCORES, [])
    assert built.loc[built["metric"] == "GT-known", "paper"].isna().all()
    assert "GT-known" not in set(build_cells("table1", NO_SCORES, [])["metric"])
