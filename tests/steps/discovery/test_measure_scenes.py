"""What maps overlap, category by category, against counting by hand; and Figure 9."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.manifest import read_csv
from pipeline_lib.discovery.objects import (
    OBJECT_COLUMNS,
    HighlightSettings,
    highlight_settings,
    object_overlaps,
    read_objects,
)
from pipeline_lib.localization.predictions import read_predictions
from pipeline_lib.reporting.figures import figure9
from pipeline_lib.steps.discovery import measure_scenes
from pipeline_lib.steps.report import plot
from tests.editing import rewrite
from tests.reporting.drawn_texts import faults, keep_figures

MEASURED = {
    "predictions": "p.h5",
    "images": "images.csv",
    "classes": "classes.csv",
    "annotations": "annotations.csv",
}
SETTINGS = HighlightSettings(
    threshold=0.2,
    min_overlap_fraction=0.25,
    interpolation="bilinear",
    grid=56,
    min_overlap_rate=0.1,
)
FIGURE = MEASURED | {"objects": "scenes.csv", "scores": "svm.json", "summary": "summary.json"}


@pytest.fixture
def plot_figure(rooms):
    def run():
        inputs = [word for role, name in FIGURE.items() for word in ("--input", role, rooms / name)]
        argv = ["--figure", "figure9", *inputs, "--roots", rooms, "--out", rooms / "f.png"]
        assert plot.main([str(word) for word in argv]) == 0
        return json.loads((rooms / "f.json").read_text())

    return run


@pytest.fixture
def measure(rooms, flags):
    def run(*more):
        more = ("--interpolation", "nearest", "--grid", "8", *more)
        assert measure_scenes.main([*flags(**MEASURED, out="scenes.csv"), *more]) == 0
        table = read_csv(rooms / "scenes.csv", OBJECT_COLUMNS)
        return table.set_index(["category", "object"])

    return run


def test_numbers_are_those_counted_by_hand(measure):
    table = measure()
    # A quarter of the image is highlighted, so chance is about a quarter, more for a few cells.
    sink = table.loc["bathroom", "sink"]
    assert (sink["n"], sink["images"]) == (5, 5)  # the sixth is classified as a bedroom
    assert (sink["frequency"], sink["overlap"], sink["share"]) == (1, 1, 1)
    assert sink["chance"] < 0.7
    assert sink["lift"] == pytest.approx(1 / sink["chance"])
    wall = table.loc["bathroom", "wall"]
    assert (wall["overlap"], wall["chance"], wall["lift"]) == (1, 1, 1)
    assert (wall["lift_low"], wall["lift_high"]) == (1, 1)
    assert table.loc[("bedroom", "sink"), ["n", "images"]].tolist() == [7, 1]
    bed = table.loc["bedroom", "bed"]
    assert bed["frequency"] == bed["overlap"] == pytest.approx(6 / 7)
    assert bed["share"] == 1
    assert 0 < bed["overlap_low"] < 6 / 7 <= bed["overlap_high"] == 1
    lamp = table.loc["bedroom", "lamp"]
    assert (lamp["overlap"], lamp["lift"]) == (0, 0)
    assert lamp["chance"] == pytest.approx(bed["chance"])  # of the same shape elsewhere
    assert list(table.loc["bathroom"].index) == ["sink", "wall"]


def test_an_object_overlaps_if_enough_of_it_is_highlighted(measure):
    overlap = {
        fraction: measure("--min-overlap-fraction", fraction)["overlap"]
        for fraction in ("0", "0.3", "1")
    }
    assert overlap["0"]["bathroom", "wall"] == 1
    assert overlap["0.3"]["bathroom", "wall"] == 0  # a quarter of it is
    assert overlap["1"]["bathroom", "sink"] == 1


def test_the_table_has_the_settings_it_was_measured_with(rooms, measure):
    measure("--threshold", "0.3", "--min-overlap-fraction", "0.5", "--min-overlap-rate", "0.4")
    settings = highlight_settings(read_objects(rooms / "scenes.csv"))
    assert settings == HighlightSettings(
        threshold=0.3,
        min_overlap_fraction=0.5,
        interpolation="nearest",
        grid=8,
        min_overlap_rate=0.4,
    )


def test_all_polygons_of_a_name_are_one_object(rooms):
    predictions = read_predictions(rooms / "p.h5")
    annotations = pd.read_csv(rooms / "annotations.csv", comment="#")
    sizes = np.full((12, 2), (80, 40))
    sinks = [
        overlap
        for overlap in object_overlaps(predictions, annotations, sizes, SETTINGS)
        if overlap.name == "sink"
    ]
    assert [sink.image for sink in sinks] == list(range(6))
    assert sinks[1].chance > sinks[0].chance  # two of them
    assert sinks[3].chance == sinks[0].chance
    stray = pd.DataFrame({"image_id": ["x"], "name": ["y"], "polygon": ["1 1 2 2 3 1"]})
    with pytest.raises(InputError, match="x: annotated, but not predicted"):
        list(object_overlaps(predictions, stray, sizes, SETTINGS))


def test_nothing_is_above_the_maximum(rooms):
    annotations = pd.read_csv(rooms / "annotations.csv", comment="#")
    settings = dataclasses.replace(SETTINGS, threshold=1.0, min_overlap_fraction=0.0)
    overlaps = object_overlaps(
        read_predictions(rooms / "p.h5"), annotations, np.full((12, 2), (80, 40)), settings
    )
    assert not any(overlap.overlapped for overlap in overlaps)


def test_bad_input_is_a_line(rooms, flags, capsys):
    run = [*flags(**MEASURED, out="t.csv")]
    assert measure_scenes.main([*run, "--grid", "0"]) == 1
    images = pd.read_csv(rooms / "images.csv", comment="#").iloc[1:]
    rewrite(rooms / "images.csv", images)
    assert measure_scenes.main(run) == 1
    errors = capsys.readouterr().err.splitlines()
    assert errors[0] == "error: --grid: 0 must be at least 1"
    assert "p.h5: its images are not those of" in errors[1]
    assert len(errors) == 2


def test_the_figure_shows_what_its_json_says(rooms, measure, plot_figure, monkeypatch):
    measure()
    figures = keep_figures(monkeypatch, figure9)
    content = plot_figure()
    bathroom, bedroom = content["categories"]
    # The correctly classified image with the highest score: scores rise from image to image.
    assert (bathroom["image_id"], bedroom["image_id"]) == ("bathroom/4.png", "bedroom/5.png")
    assert (bathroom["name"], bathroom["images"], bedroom["images"]) == ("bathroom", 5, 7)
    assert bathroom["overlapped"] == ["sink", "wall"]
    assert bedroom["overlapped"] == ["bed", "wall"]
    first = {key: ranked[0]["object"] for key, ranked in bedroom["lists"].items()}
    assert first == {"frequency": "wall", "overlap": "wall", "lift": "bed"}
    assert content["svm"] == {"accuracy": 0.9}
    assert content["data"] == ["Twelve images."]
    assert (rooms / "f.pdf").stat().st_size > 1000
    with Image.open(rooms / "f.png") as picture:
        assert min(picture.size) > 400
    assert all(word in content["alt"] for word in ("bathroom", "bedroom", "bed", "sink"))
    assert faults(figures[0]) == []
    bars = [axes for axes in figures[0].axes if axes.patches and axes.get_yticks().size]
    assert len(bars) == 6
    for column in range(3):  # two rows with the same scale
        assert bars[column].get_xlim() == bars[column + 3].get_xlim()


def test_a_category_without_an_image_has_no_row(rooms, flags, plot_figure):
    rewrite(rooms / "classes.csv", (rooms / "classes.csv").read_text() + "attic,3,attic\n")
    assert measure_scenes.main(flags(**MEASURED, out="scenes.csv")) == 0
    assert len(plot_figure()["categories"]) == 2
