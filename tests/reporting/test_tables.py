import math

import pandas as pd
import pytest

from pipeline_lib.networks.card import NetworkCard, Preprocessing
from pipeline_lib.reporting.tables import CENTRED, build_table, describe, paper_numbers

TABLES = ("table1", "table2")


def card(name, **changed):
    values = {
        "name": name,
        "source": "trained",
        "architecture": "googlenet-gap",
        "options": {"width": 0.25},
        "classes": ["n1", "n2"],
        "preprocessing": Preprocessing((64, 96)),
        "training": {"start": None, "images": 12_345, "epochs": 3},
    }
    return NetworkCard(**values | changed)


def scores(*rows):
    return pd.DataFrame(rows, columns=["row", "metric", "error", "low", "high", "n"])


NO_SCORES = scores(("someone else", "GT-known", 1.0, 0.0, 2.0, 3))


def printed(table):
    """{row: {metric: the paper's number}} of a built table."""
    built = build_table(table, NO_SCORES, [], {})
    found = {}
    for row in built[built["paper"].notna()].itertuples():
        found.setdefault(row.row, {})[row.metric] = row.paper
    return found


@pytest.mark.parametrize(
    ("row", "top_1_accuracy", "top_5_accuracy"),
    [("GoogLeNet-GAP", 43.60, 57.00), ("VGGnet-GAP", 42.80, 54.86)],
)
def test_localization_errors_are_the_accuracies_that_others_quote(
    row, top_1_accuracy, top_5_accuracy
):
    found = printed("table2")[row]
    assert found["top-1"] == pytest.approx(100 - top_1_accuracy)
    assert found["top-5"] == pytest.approx(100 - top_5_accuracy)


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


@pytest.mark.parametrize("table", TABLES)
def test_no_error_of_the_paper_is_out_of_order(table):
    for numbers in printed(table).values():
        assert 0 < numbers["top-5"] < numbers["top-1"] < 100


@pytest.mark.parametrize("table", TABLES)
def test_the_papers_numbers_stand_in_the_papers_column_only(table):
    built = build_table(table, NO_SCORES, [], {})
    assert list(built.columns) == ["row", "metric", "paper", "ours", "low", "high", "n", "note"]
    assert built[["ours", "low", "high"]].isna().all(axis=None)
    assert (built["n"] == 0).all()
    assert built["paper"].notna().any()


@pytest.mark.parametrize("table", TABLES)
def test_a_row_the_study_lacks_is_there_empty_and_says_why(table):
    built = build_table(table, NO_SCORES, [card("GoogLeNet-GAP")], {})
    for name in paper_numbers()[table]["rows"]:
        rows = built[built["row"] == name]
        assert len(rows) >= 2
        assert (rows["note"].str.len() > 10).all()
    backprop = built[built["row"] == "Backprop on VGGnet"]
    assert table == "table1" or backprop["note"].str.contains("not computed").all()


def test_a_score_stands_beside_the_papers_number_of_its_row_and_metric():
    found = scores(
        ("GoogLeNet-GAP", "localization top-1", 61.5, 60.0, 63.0, 480),
        ("GoogLeNet-GAP", "classification top-1", 11.0, 10.0, 12.0, 500),
        ("NIN", "localization top-1", 71.5, 70.0, 73.0, 480),
    )
    built = build_table("table2", found, [card("GoogLeNet-GAP"), card("NIN")], {})
    computed = built[built["ours"].notna()].set_index(["row", "metric"])
    assert sorted(computed.index) == [("GoogLeNet-GAP", "top-1"), ("NIN", "top-1")]
    row = computed.loc[("GoogLeNet-GAP", "top-1")]
    assert row[["paper", "ours", "low", "high", "n"]].tolist() == [56.4, 61.5, 60.0, 63.0, 480]
    assert "googlenet-gap" in row["note"]


def test_own_networks_follow_the_papers_and_the_baseline_comes_last():
    cards = [card("my net"), card("NIN"), card("a net")]
    found = scores(
        ("a net", "GT-known", 30.0, 29.0, 31.0, 10), (CENTRED, "GT-known", 40.0, 39.0, 41.0, 10)
    )
    built = build_table("table2", found, cards, {CENTRED: "80 %"})
    names = list(dict.fromkeys(built["row"]))
    assert names == [*paper_numbers()["table2"]["rows"], "my net", "a net", CENTRED]
    assert built.loc[built["row"].isin(["my net", "a net", CENTRED]), "paper"].isna().all()
    known = built[(built["metric"] == "GT-known")].set_index("row")["ours"]
    assert known["a net"] == 30
    assert known[CENTRED] == 40
    assert math.isnan(known["my net"])


def test_the_paper_reports_no_gt_known():
    built = build_table("table2", NO_SCORES, [], {})
    assert built.loc[built["metric"] == "GT-known", "paper"].isna().all()
    assert "GT-known" not in set(build_table("table1", NO_SCORES, [], {})["metric"])


def test_the_centred_box_belongs_to_localization_alone_and_names_no_class():
    first = build_table("table1", NO_SCORES, [], {CENTRED: "80 %"})
    assert CENTRED not in set(first["row"])
    found = scores((CENTRED, "GT-known", 40.0, 39.0, 41.0, 10))
    second = build_table("table2", found, [], {CENTRED: "80 %"})
    rows = second[second["row"] == CENTRED].set_index("metric")
    assert rows.loc["GT-known", "note"] == "80 %"
    assert "class" in rows.loc["top-1", "note"]
    assert math.isnan(rows.loc["top-1", "ours"])


def test_a_network_is_described_by_what_differs_from_the_paper():
    trained = describe(card("x"))
    for word in ("googlenet-gap", "width=0.25", "96x64", "from scratch", "12,345", "3 epochs"):
        assert word in trained
    training = {"start": "googlenet", "images": 5, "epochs": 0.5}
    assert "fine-tuned from googlenet" in describe(card("x", training=training))
    taken = describe(card("x", source="timm", architecture="lite0", options={}, training={}))
    for word in ("timm", "lite0", "not the paper's"):
        assert word in taken
