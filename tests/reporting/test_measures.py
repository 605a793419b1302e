"""The table of what Figures 9 to 13 measure, from hand-made files of the steps before."""

import json
import math

import pandas as pd
import pytest

from pipeline_lib.discovery.concepts import CONCEPT_COLUMNS
from pipeline_lib.discovery.objects import COLUMNS as THINGS
from pipeline_lib.discovery.text import MEASURE_COLUMNS
from pipeline_lib.reporting.tables.localization import COLUMNS
from pipeline_lib.steps.report import tabulate_measures
from pipeline_lib.units.measures import UNIT_COLUMNS as UNITS


@pytest.fixture
def tabulated(tmp_path):
    """Write files of the columns and rows given; return their table by (row, metric)."""

    def run(*flags, **files):
        for flag, (columns, rows) in files.items():
            path = tmp_path / f"{flag}.csv"
            pd.DataFrame(rows, columns=list(columns)).to_csv(path, index=False)
            flags += (f"--{flag}", str(path))
        out = tmp_path / "measures.csv"
        assert tabulate_measures.main(["--study", "mini", *flags, "--out", str(out)]) == 0
        return pd.read_csv(out).set_index(["row", "metric"])

    return run


def numbers(line):
    return tuple(line[["ours", "low", "high", "n"]].astype(float))


def thing(category, name, overlap, chance):
    """A thing of ten images, highlighted in a part of them."""
    spread = (overlap, overlap - 0.1, overlap + 0.1)
    by_chance, lift = (chance, chance, chance), (overlap / chance, 1.5, 2.5)
    return (category, name, 10, 5, 0.5, 0.4, 0.6, *spread, 1, 1, 1, *by_chance, *lift)


def test_the_thing_of_most_lift_stands_for_its_scene(tabulated, tmp_path):
    held_out = {"percent": 70.0, "low": 60.0, "high": 80.0, "n": 40}
    (tmp_path / "svm.json").write_text(
        json.dumps({"categories": list("abcd"), "held_out_accuracy": held_out})
    )
    rows = [
        thing("shore", "wall", 0.8, 0.8),
        thing("shore", "boat", 0.4, 0.2),
        thing("shore", "gull", 0.05, 0.01),  # too rare
    ]
    table = tabulated("--svm", str(tmp_path / "svm.json"), scenes=(THINGS, rows))
    assert numbers(table.loc["Figure 9: scenes told", "measured"]) == (70, 60, 80, 40)
    assert table.loc[("Figure 9: scenes told", "baseline"), "ours"] == 25
    found = table.loc["Figure 9: shore: boat highlighted"]
    assert numbers(found.loc["measured"]) == pytest.approx((40, 30, 50, 10))
    assert found.loc["baseline", "ours"] == pytest.approx(20)
    assert found.loc["measured", "note"].startswith("lift 2.0 (1.5 to 2.5)")
    assert len(table) == 4


def test_concepts_are_their_mean_without_those_that_no_image_has(tabulated):
    blank = dict.fromkeys(CONCEPT_COLUMNS, 0)
    rows = [
        blank | {"concept": "a", "having": 3, "precision": 0.9, "chance": 0.2},
        blank | {"concept": "b", "having": 2, "precision": 0.5, "chance": 0.1},
        blank | {"concept": "c", "having": 0, "precision": math.nan, "chance": math.nan},
    ]
    table = tabulated(concepts=(CONCEPT_COLUMNS, rows))
    value, low, high, n = numbers(table.loc["Figure 10: precision at 10", "measured"])
    assert (value, low, high, n) == (70, 50, 90, 2)
    assert table.loc[("Figure 10: precision at 10", "baseline"), "ours"] == pytest.approx(15)


def test_maps_of_words_stand_beside_uniform_ones(tabulated):
    kinds = {"class map": 0.3, "centred": 0.2, "uniform": 0.1, "ratio to uniform": 3.0}
    names = ("mass", "strong mass", "pointing", "pixel AP")
    rows = [(name, kind, *[value] * 3, 50) for name in names for kind, value in kinds.items()]
    table = tabulated(text=(MEASURE_COLUMNS, rows))
    assert len(table) == 2 * len(names)
    for name in table.index.get_level_values("row").unique():
        assert table.loc[(name, "measured"), "ours"] == pytest.approx(30)
        assert table.loc[(name, "baseline"), "ours"] == pytest.approx(10)
        assert "3.0 times" in table.loc[(name, "measured"), "note"]
        assert "20.0" in table.loc[(name, "measured"), "note"]


def test_answers_stand_beside_the_papers_and_the_words_alone(tabulated):
    def line(row, ours, paper=math.nan):
        return (row, "open-ended", paper, ours, ours - 1, ours + 1, 90, "val")

    rows = [
        line("words and image", 60, 55.89),
        line("words alone", 50),
        line("gain by the image", 10),
    ]
    table = tabulated(vqa=(COLUMNS, rows))
    measured = table.loc["Figure 12: open-ended accuracy", "measured"]
    assert measured["paper"] == 55.89
    assert numbers(measured) == (60, 59, 61, 90)
    assert measured["note"] == "gain 10.0 (9.0 to 11.0) over the words alone; val"
    assert table.loc[("Figure 12: open-ended accuracy", "baseline"), "ours"] == 50
    assert len(table) == 2  # no choices, no multiple choice


def test_units_are_their_mean_over_all_classes_by_image_set(tabulated):
    blank = dict.fromkeys(UNITS, 1)
    every = {"network": "N", "class": "all", "measure": "top images", "value": 40, "chance": 5}
    rows = [
        blank | every | {"low": 30, "high": 50, "n": 20, "max_possible": 80},
        blank | {"class": "x"},
    ]
    table = tabulated(units=(UNITS, rows), places=(UNITS, rows))
    assert list(table.index.get_level_values("row").unique()) == [
        "Figure 13: top images",
        "Figure 13, Places205: top images",
    ]
    assert numbers(table.loc["Figure 13: top images", "measured"]) == (40, 30, 50, 20)
    assert table.loc[("Figure 13: top images", "baseline"), "ours"] == 5
    assert "at most 80.0" in table.loc[("Figure 13: top images", "measured"), "note"]
