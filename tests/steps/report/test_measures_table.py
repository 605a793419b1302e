"""The table of what Figures 9 to 13 measure, from hand-made files of the steps before."""

import json
import math

import pandas as pd
import pytest

from pipeline_lib.discovery.answer_scores import VQA_SCORE_COLUMNS
from pipeline_lib.discovery.concept_tables import CONCEPT_COLUMNS
from pipeline_lib.discovery.objects import OBJECT_COLUMNS
from pipeline_lib.discovery.text import TEXT_MEASURE_COLUMNS
from pipeline_lib.steps.report import tabulate
from pipeline_lib.units.measures import UNIT_COLUMNS


@pytest.fixture
def tabulated(tmp_path):
    """Write files of the columns and rows given; return their table by (row, metric)."""

    def run(*flags, **files):
        for name, (columns, rows) in files.items():
            role = name.replace("_", "-")
            path = tmp_path / f"{role}.csv"
            pd.DataFrame(rows, columns=list(columns)).to_csv(path, index=False)
            flags += ("--input", role, str(path))
        out = tmp_path / "measures.csv"
        argv = ["--table", "measures", "--study", "mini", *flags, "--out", str(out)]
        assert tabulate.main(argv) == 0
        return pd.read_csv(out, comment="#").set_index(["row", "metric"])

    return run


def test_images_that_were_left_out_are_noted(tabulated, tmp_path):
    summaries = {"SUN2012": 2, "COCO": 0}
    for name, count in summaries.items():
        summary = {"data_set": name, "found": 10, "notes": ["Not here."], "unreadable": count}
        (tmp_path / f"{name}.json").write_text(json.dumps(summary))
    (tmp_path / "old.json").write_text(json.dumps({"data_set": "SVT", "notes": []}))
    names = (*summaries, "old")
    tabulated("--input", "summaries", *(str(tmp_path / f"{name}.json") for name in names))
    text = (tmp_path / "measures.md").read_text()
    assert "- SUN2012: 2 images cannot be decoded and are left out.\n" in text
    assert text.count("cannot be decoded") == 1
    assert "Not here." not in text


def numbers(line):
    return tuple(line[["ours", "low", "high", "n"]].astype(float))


SETTINGS = (0.2, 0.25, "bilinear", 56, 0.1)


def scene_object(category, name, overlap, chance):
    """An object in ten images, highlighted in a fraction of them; objects rank by lift from 0.1 on."""
    spread = (overlap, overlap - 0.1, overlap + 0.1)
    by_chance, lift = (chance, chance, chance), (overlap / chance, 1.5, 2.5)
    return (category, name, 10, 5, 0.5, 0.4, 0.6, *spread, 1, 1, 1, *by_chance, *lift, *SETTINGS)


def test_the_object_of_highest_lift_stands_for_its_scene(tabulated, tmp_path):
    held_out = {"percent": 70.0, "low": 60.0, "high": 80.0, "n": 40}
    (tmp_path / "svm.json").write_text(
        json.dumps({"categories": list("abcd"), "held_out_accuracy": held_out})
    )
    rows = [
        scene_object("shore", "wall", 0.8, 0.8),
        scene_object("shore", "boat", 0.4, 0.2),
        scene_object("shore", "gull", 0.05, 0.01),  # too rare
    ]
    (tmp_path / "classes.csv").write_text("label,id,name\n")
    flags = ("--input", "scene-svm", str(tmp_path / "svm.json"))
    flags += ("--input", "scene-classes", str(tmp_path / "classes.csv"))
    table = tabulated(*flags, scenes=(OBJECT_COLUMNS, rows))
    assert numbers(table.loc["Figure 9: scenes told", "measured"]) == (70, 60, 80, 40)
    assert table.loc[("Figure 9: scenes told", "baseline"), "ours"] == 25
    lines = table.loc["Figure 9: shore: boat highlighted"]
    assert numbers(lines.loc["measured"]) == pytest.approx((40, 30, 50, 10))
    assert lines.loc["baseline", "ours"] == pytest.approx(20)
    assert lines.loc["measured", "note"].startswith("lift 2.0 (1.5 to 2.5)")
    assert len(table) == 4


def test_concepts_are_their_mean_without_those_that_no_image_has(tabulated):
    blank = dict.fromkeys(CONCEPT_COLUMNS, 0)
    rows = [
        blank | {"concept": "a", "n_positive": 3, "precision": 0.9, "chance": 0.2},
        blank | {"concept": "b", "n_positive": 2, "precision": 0.5, "chance": 0.1},
        blank | {"concept": "c", "n_positive": 0, "precision": math.nan, "chance": math.nan},
    ]
    table = tabulated(concepts=(CONCEPT_COLUMNS, rows))
    value, low, high, n = numbers(table.loc["Figure 10: precision at 10", "measured"])
    assert (value, low, high, n) == (70, 50, 90, 2)
    assert table.loc[("Figure 10: precision at 10", "baseline"), "ours"] == pytest.approx(15)


def test_maps_of_words_stand_beside_uniform_ones(tabulated):
    kinds = {"class map": 0.3, "centred": 0.2, "uniform": 0.1, "ratio to uniform": 3.0}
    names = ("mass", "strong mass", "pointing", "pixel AP")
    rows = [
        (name, kind, *[value] * 3, 50, 0.3, "bilinear")
        for name in names
        for kind, value in kinds.items()
    ]
    table = tabulated(text=(TEXT_MEASURE_COLUMNS, rows))
    assert len(table) == 2 * len(names)
    for name in table.index.get_level_values("row").unique():
        assert table.loc[(name, "measured"), "ours"] == pytest.approx(30)
        assert table.loc[(name, "baseline"), "ours"] == pytest.approx(10)
        assert "3.0 times" in table.loc[(name, "measured"), "note"]
        note = table.loc[(name, "measured"), "note"]
        assert "20.0" in note
        assert ("strong: above 30 % of the map's maximum" in note) == ("strong" in name)


def test_answers_stand_beside_the_papers_and_the_words_alone(tabulated):
    def line(row, value, epoch=None):
        return (row, "open-ended", value, value - 1, value + 1, 90, 30, epoch, 40)

    rows = [
        line("words and image", 60, 36),
        line("words alone", 50, 12),
        line("gain by the image", 10),
    ]
    table = tabulated(vqa=(VQA_SCORE_COLUMNS, rows))
    measured = table.loc["Figure 12: open-ended accuracy", "measured"]
    assert measured["paper"] == 55.89
    assert numbers(measured) == (60, 59, 61, 90)
    assert measured["note"] == (
        "gain 10.0 (9.0 to 11.0) over the words alone; val, 30 images; epoch 36 of 40, chosen on "
        "held-out training images; the paper's is of test-standard"
    )
    assert table.loc[("Figure 12: open-ended accuracy", "baseline"), "ours"] == 50
    assert len(table) == 2  # no choices, no multiple choice


def test_units_are_their_mean_over_all_classes_by_image_set(tabulated):
    blank = dict.fromkeys(UNIT_COLUMNS, 1)
    every = {"network": "N", "class": "all", "measure": "top images", "value": 40, "chance": 5}
    rows = [
        blank | every | {"low": 30, "high": 50, "n": 20, "max_possible": 80},
        blank | {"class": "x"},
    ]
    table = tabulated(units=(UNIT_COLUMNS, rows), units_places205=(UNIT_COLUMNS, rows))
    assert list(table.index.get_level_values("row").unique()) == [
        "Figure 13: top images",
        "Figure 13, Places205: top images",
    ]
    assert numbers(table.loc["Figure 13: top images", "measured"]) == (40, 30, 50, 20)
    assert table.loc[("Figure 13: top images", "baseline"), "ours"] == 5
    assert "at most 80.0" in table.loc[("Figure 13: top images", "measured"), "note"]
