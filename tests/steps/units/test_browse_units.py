"""Gathering units for the page, on the tiny world, and the section that shows them."""

import json

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.data.manifest import CLASS_COLUMNS, write_rows
from pipeline_lib.reporting.page import units, units_data
from pipeline_lib.steps.report import browse_units
from pipeline_lib.units.masks import unit_mask
from pipeline_lib.units.units_file import read_units
from tests.reporting.page.markup import ODD, checked


def browse(study):
    flags = {"units": study.units, "measures": study.table, "root": study.root}
    flags |= {"images": study.folder / "images.csv", "names": study.folder / "classes.csv"}
    return browse_units.main(
        [*(f"--{k}={v}" for k, v in flags.items()), f"--out={study.folder / 'out.json'}"]
    )


def data_of(study):
    assert browse(study) == 0
    return json.loads((study.folder / "out.json").read_text())


def test_all_units_are_gathered_and_shown_with_odd_names_as_text(study, labels):
    rows = [(label, n, ODD if n < 2 else "") for n, label in enumerate(labels, 1)]
    write_rows(study.folder / "classes.csv", CLASS_COLUMNS, rows)
    assert study.find() == study.measure() == 0
    data = data_of(study)
    written = read_units(study.units, study.folder / "images.csv")
    found = {(e["label"], u["unit"]) for e in data["classes"] for u in e["units"]}
    expected = zip(written.class_index, written.unit, strict=True)
    assert found == {(written.class_labels[index], int(unit)) for index, unit in expected}
    measured = pd.read_csv(study.table, comment="#").set_index(["class", "rank", "measure"])
    for entry in data["classes"]:
        for unit in entry["units"]:
            assert len(unit["pictures"]) == 2
            if unit["purity"]:
                row = measured.loc[(entry["label"], unit["rank"], "top images of the class")]
                assert unit["purity"]["value"] == row["value"]
    text = str(units.section(data))
    markup = checked(text)
    assert ODD in markup.text
    assert {f"unit/{label}/{unit}" for label, unit in found} <= set(markup.ids)
    pictures = [p for e in data["classes"] for u in e["units"] for p in u["pictures"]]
    assert len(markup.sources) == len(pictures) == 2 * len(found)
    of_class = sum(picture["of_class"] for picture in pictures)
    assert markup.text.count("✓ the class") == of_class
    assert markup.text.count("✗ ") == len(pictures) - of_class


def test_crops_are_limited_to_whole_classes_those_of_the_figure_first(study, monkeypatch):
    assert study.find() == study.measure() == 0
    monkeypatch.setattr(units_data, "PICTURES", 13)  # a class has three units of two images
    data = data_of(study)
    counts = [sum(len(u["pictures"]) for u in entry["units"]) for entry in data["classes"]]
    assert counts == [6, 6, *[0] * (len(counts) - 2)]
    written = read_units(study.units, study.folder / "images.csv")
    first = dict.fromkeys(written.class_index[written.shown_rows].tolist())
    labels = [written.class_labels[index] for index in first]
    assert [entry["label"] for entry in data["classes"][:2]] == labels
    markup = checked(str(units.section(data)))
    assert f"2 of {len(counts)} classes" in markup.text
    last = data["classes"][-1]
    assert f"unit/{last['label']}/{last['units'][0]['unit']}" in markup.ids


def test_a_crop_holds_the_measured_field_and_is_darker_around_it(study):
    assert study.find("--method", "disc") == 0
    written = read_units(study.units, study.folder / "images.csv")
    row = int(written.shown_rows[0])
    white = np.full((64, 48, 3), 255, np.uint8)
    mask = unit_mask(written, 0, 0, 48, 64)
    crop, measured = units_data.field_crop(written, row, 0, white)
    if not mask.any():
        pytest.skip("the unit of this random network has no field")
    assert measured
    assert (crop == 255).all(axis=2).sum() == mask.sum()  # nothing of the field is cut off
    assert set(np.unique(crop)) <= {128, 255}


def test_without_a_measured_field_the_crop_is_the_theoretical_one(study):
    assert study.find() == 0
    written = read_units(study.units, study.folder / "images.csv")
    rows = set(range(len(written.unit))) - set(written.shown_rows.tolist())
    picture = np.arange(64 * 64 * 3).reshape(64, 64, 3).astype(np.uint8)
    row = min(rows)
    crop, measured = units_data.field_crop(written, row, 0, picture)
    x0, y0, x1, y1 = np.clip(np.round(written.field.box(tuple(written.position[row, 0]))), 0, 64)
    assert not measured
    assert (crop == picture[int(y0) : int(y1), int(x0) : int(x1)]).all()
