"""The step that diagnoses errors, on three images whose outcomes are known."""

import json

import pandas as pd
import pytest
from PIL import Image

from pipeline_lib.data.manifest import BOX_COLUMNS, IMAGE_COLUMNS, write_csv, write_rows
from pipeline_lib.evaluation.outcomes import OUTCOME_COLUMNS
from pipeline_lib.localization.extraction import BOX_TABLE_COLUMNS
from pipeline_lib.steps.report import diagnose

FILES = {
    name: f"{name}.csv" for name in ("scores", "outcomes", "boxes", "images", "true-boxes")
} | {"by-image": "net.csv", "out": "errors.json"}


@pytest.fixture
def study(tmp_path):
    """a: right; b: wrong class, its box too large; c: too small; d is not scored."""
    for name in "abcd":
        Image.new("RGB", (40, 40), (90, 120, 150)).save(tmp_path / f"{name}.png")
    rows = [(name, f"{name}.png", "n1", 40, 40, 0) for name in "abcd"]
    write_rows(tmp_path / "images.csv", IMAGE_COLUMNS, rows)
    true = {"a": (0, 0, 20, 20), "b": (0, 0, 10, 10), "c": (0, 0, 40, 40)}
    write_rows(
        tmp_path / "true-boxes.csv", BOX_COLUMNS, [(name, "n1", *box) for name, box in true.items()]
    )
    boxes = [
        (name, rank, "n2" if (name, rank) == ("b", 1) else "n1", "", "loose", 0, 0, 20, 20, "paper")
        for name in "abcd"
        for rank in (0, 1)
    ]
    write_rows(tmp_path / "boxes.csv", BOX_TABLE_COLUMNS, boxes)
    outcomes = [("a", 1, 1, ""), ("b", 2, 0.25, ""), ("c", 1, 0.25, ""), ("d", 1, "", "")]
    write_rows(tmp_path / "outcomes.csv", OUTCOME_COLUMNS, outcomes)
    write_csv(tmp_path / "scores.csv", pd.DataFrame({"row": ["net", "net"], "error": [1, 2]}))
    return tmp_path


def run(study):
    flags = [f"--{flag}={study / name}" for flag, name in FILES.items()]
    return diagnose.main([*flags, f"--root={study}"])


def test_every_scored_image_has_a_row_and_the_section_its_counts(study):
    assert run(study) == 0
    rows = pd.read_csv(study / "net.csv").set_index("image_id")
    assert rows["failure"].to_dict() == {"a": "right", "b": "wrong class", "c": "too small"}
    assert rows["box_outcome"].to_dict() == {"a": "right", "b": "too large", "c": "too small"}
    assert rows["guess"].to_dict() == {"a": "n1", "b": "n2", "c": "n1"}
    assert rows["object_fraction"].to_dict() == {"a": 0.25, "b": 0.0625, "c": 1}
    data = json.loads((study / "errors.json").read_text())
    assert (data["network"], data["n"]) == ("net", 3)
    counts = {failure["name"]: failure["count"] for failure in data["failures"]}
    assert {name: n for name, n in counts.items() if n} == {
        **{"right": 1, "wrong class": 1, "too small": 1}
    }
    (picture,) = next(f["pictures"] for f in data["failures"] if f["name"] == "wrong class")
    assert picture["box"] == [0, 0, 20, 20]
    assert picture["true_boxes"] == [[0, 0, 10, 10]]


def test_outcomes_of_other_boxes_are_refused_in_one_line(study, capsys):
    write_rows(study / "outcomes.csv", OUTCOME_COLUMNS, [("a", 1, 0.3, "")])
    assert run(study) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "not that of the outcomes" in line
    assert not (study / "net.csv").exists()


def test_scores_of_several_networks_are_refused_in_one_line(study, capsys):
    write_csv(study / "scores.csv", pd.DataFrame({"row": ["net", "other"]}))
    assert run(study) == 1
    assert "of 2 networks" in capsys.readouterr().err
