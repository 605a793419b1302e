"""The table and the figure on a tiny world, and bad input."""

import json

import pandas as pd
import pytest
from PIL import Image

from pipeline_lib.data.manifest import write_rows
from pipeline_lib.reporting.figures import figure13
from pipeline_lib.units.measures import PURITY
from tests.editing import edit_table
from tests.reporting.drawn_texts import faults, keep_figures, words


@pytest.mark.parametrize("method", ["occlusion", "disc"])
def test_the_steps_make_a_table_and_a_figure(study, method, monkeypatch):
    figures = keep_figures(monkeypatch, figure13)
    assert study.find("--method", method) == study.measure() == study.plot() == 0
    table = pd.read_csv(study.table, comment="#")
    pure = table[table["measure"] == PURITY]
    named = pure[pure["class"] != "all"]
    there = pd.read_csv(study.folder / "images.csv", comment="#")["label"].value_counts()
    assert sorted(named["class"]) == sorted([*there.index] * 3)
    for row in named.itertuples():
        assert row.chance == pytest.approx(5 * there[row[2]], abs=1e-3)  # of 20 images
        assert row.low <= row.value <= row.high and row.n == 4
        assert row.max_possible == pytest.approx(100 * min(1, there[row[2]] / 4))
    whole = pure[pure["class"] == "all"].iloc[0]
    assert whole["value"] == pytest.approx(named["value"].mean(), abs=1e-3)
    facts = json.loads(study.figure.with_suffix(".json").read_text())
    assert facts["method"] == method and facts["input"] == [64, 64]
    assert len(facts["units"]) == 6 and len(facts["units"][0]["images"]) == 2
    assert {unit["rank"] for unit in facts["units"]} == {1, 2, 3}
    assert facts["units"][0]["purity"]["n"] == 4
    assert study.figure.with_suffix(".pdf").stat().st_size > 1000
    with Image.open(study.figure) as picture:
        assert min(picture.size) > 300
    assert all(unit["name"].split(",")[0] in facts["alt"] for unit in facts["units"])
    assert faults(figures[0]) == []
    images = [image for unit in facts["units"] for image in unit["images"]]
    written = words(figures[0])
    assert written.count("✓ of the class") == sum(image["of_the_class"] for image in images)
    different = {image["image_id"] for image in images}
    assert f"{len(images)} pictures of {len(different)} different images" in written


def test_a_class_without_images_is_plotted_without_purity(study, labels):
    path = study.folder / "images.csv"
    edit_table(path, lambda rows: rows.replace(labels[7], labels[8]))
    assert study.find("--classes", labels[7]) == study.measure() == study.plot() == 0
    units = json.loads(study.figure.with_suffix(".json").read_text())["units"]
    assert len(units) == 3
    for unit in units:
        assert unit["images_of_the_class"] == 0 and unit["images"]
        assert unit["purity"] is None and unit["in_box"] is None


def test_bad_input_is_one_line(study, capsys):
    assert study.find("--classes", "unicorn") == 1
    device, _error = capsys.readouterr().err.splitlines()
    assert device.startswith("device: ")
    assert study.measure() == 1
    assert f"{study.units}: not found" in capsys.readouterr().err
    study.units.write_bytes(b"no HDF5")
    assert study.measure() == 1
    assert "not as it was written; delete it and rerun" in capsys.readouterr().err
    assert study.find() == 0
    path = study.folder / "images.csv"
    edit_table(path, lambda rows: rows[: rows.rindex("\n", 0, -1) + 1])
    capsys.readouterr()
    assert study.measure() == 1
    assert "made from other images" in capsys.readouterr().err
    label = pd.read_csv(path, comment="#")["label"][0]
    edit_table(path, lambda rows: rows.replace(label, "n00000001"))
    assert study.find() == 1
    assert "the network has no class n00000001" in capsys.readouterr().err


def test_without_labels_the_table_is_empty(study):
    rows = pd.read_csv(study.folder / "images.csv", comment="#").assign(label="")
    write_rows(study.folder / "images.csv", list(rows), rows.to_numpy().tolist())
    assert study.find() == study.measure() == 0
    assert pd.read_csv(study.table, comment="#").empty
