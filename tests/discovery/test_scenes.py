"""What maps overlap, category by category: by hand, and against a bootstrap of another kind."""

import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.manifest import read_csv
from pipeline_lib.discovery.objects import (
    COLUMNS,
    Rule,
    Sighting,
    frequent,
    lifted,
    overlapped,
    sightings,
    tabulate_objects,
)
from pipeline_lib.localization.predictions import read_predictions
from pipeline_lib.steps.discovery import measure_scenes
from pipeline_lib.steps.report import draw_scenes

MEASURED = {
    "predictions": "p.h5",
    "images": "images.csv",
    "classes": "classes.csv",
    "annotations": "annotations.csv",
}


@pytest.fixture
def measure(rooms, flags):
    def run(*more):
        more = ("--interpolation", "nearest", "--grid", "8", *more)
        assert measure_scenes.main([*flags(**MEASURED, out="scenes.csv"), *more]) == 0
        table = read_csv(rooms / "scenes.csv", COLUMNS)
        return table.set_index(["category", "object"])

    return run


def test_numbers_are_those_counted_by_hand(measure):
    table = measure("--part", "0.25")
    # A quarter of the image is highlighted: by chance as well, of the sink's few cells some part.
    sink = table.loc["bathroom", "sink"]
    assert (sink["n"], sink["images"]) == (5, 5)  # the sixth is taken for a bedroom
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


def test_how_much_of_a_thing_must_be_highlighted_is_asked(measure):
    overlap = {part: measure("--part", part)["overlap"] for part in ("0", "0.3", "1")}
    assert overlap["0"]["bathroom", "wall"] == 1
    assert overlap["0.3"]["bathroom", "wall"] == 0  # a quarter of it is
    assert overlap["1"]["bathroom", "sink"] == 1
    assert measure("--part", "0.3", "--threshold", "1")["overlap"].max() == 0  # nothing is


def test_all_polygons_of_a_name_are_one_thing(rooms):
    predictions = read_predictions(rooms / "p.h5")
    annotations = pd.read_csv(rooms / "annotations.csv")
    seen = [
        one
        for one in sightings(predictions, annotations, np.full((12, 2), (80, 40)), Rule())
        if one.name == "sink"
    ]
    assert [one.image for one in seen] == list(range(6))
    assert seen[1].chance > seen[0].chance  # two of them
    assert seen[3].chance == seen[0].chance
    stray = pd.DataFrame({"image_id": ["x"], "name": ["y"], "polygon": ["1 1 2 2 3 1"]})
    with pytest.raises(InputError, match="x: annotated, but not predicted"):
        list(sightings(predictions, stray, np.full((12, 2), (80, 40)), Rule()))


def test_intervals_are_those_of_a_plain_bootstrap():
    rng = np.random.default_rng(0)
    n, draws = 60, 4000
    there = rng.random(n) < 0.7
    chance = np.where(there, rng.uniform(0.1, 0.5, n), 0)
    hit = there & (rng.random(n) < 0.6)
    seen = [
        Sighting("a", int(i), "sink", bool(hit[i]), float(chance[i])) for i in np.flatnonzero(there)
    ]
    seen.append(Sighting("a", 3, "towel", False, 0.0))
    table = tabulate_objects(seen, {"a": np.arange(n), "none": np.array([], int)}, draws=draws)
    row = table.set_index("object").loc["sink"]
    drawn = rng.integers(n, size=(draws, n))
    expected = {
        "frequency": there[drawn].mean(1),
        "overlap": hit[drawn].mean(1),
        "chance": chance[drawn].mean(1),
        "lift": hit[drawn].mean(1) / chance[drawn].mean(1),
        "share": hit[there][rng.integers(there.sum(), size=(draws, there.sum()))].mean(1),
    }
    for measure, values in expected.items():
        low, high = np.quantile(values, (0.025, 0.975))
        spread = high - low
        assert row[f"{measure}_low"] == pytest.approx(low, abs=0.15 * spread), measure
        assert row[f"{measure}_high"] == pytest.approx(high, abs=0.15 * spread), measure
    assert row["lift"] == pytest.approx(hit.mean() / chance.mean())
    towel = table.set_index("object").loc["towel"]
    assert towel[["lift", "lift_low", "lift_high"]].isna().all()
    assert set(table["category"]) == {"a"}


def test_lists_are_ranked_and_the_rare_have_no_lift():
    table = pd.DataFrame(
        {
            "object": ["wall", "sink", "duck", "air"],
            "frequency": [1, 0.8, 0.05, 0.5],
            "overlap": [0.9, 0.7, 0.05, 0],
            "lift": [1, 2, 9, 0],
        }
    )
    assert frequent(table, 2)["object"].tolist() == ["wall", "sink"]
    assert overlapped(table, 9)["object"].tolist() == ["wall", "sink", "duck"]
    assert lifted(table, 9, 0.1)["object"].tolist() == ["sink", "wall"]


def test_bad_input_is_a_line(rooms, flags, capsys):
    run = [*flags(**MEASURED, out="t.csv")]
    assert measure_scenes.main([*run, "--grid", "0"]) == 1
    images = pd.read_csv(rooms / "images.csv").iloc[1:]
    images.to_csv(rooms / "images.csv", index=False)
    assert measure_scenes.main(run) == 1
    errors = capsys.readouterr().err.splitlines()
    assert errors[0] == "error: --grid and --draws: give numbers from 1 on"
    assert "p.h5: predicts other images than" in errors[1]
    assert len(errors) == 2


def test_the_figure_shows_what_its_json_says(rooms, flags, measure):
    measure()
    files = MEASURED | {"table": "scenes.csv", "scores": "svm.json", "summary": "summary.json"}
    more = ["--root", str(rooms), "--out", str(rooms / "f.png"), "--interpolation", "nearest"]
    assert draw_scenes.main([*flags(**files), *more, "--grid", "8"]) == 0
    content = json.loads((rooms / "f.json").read_text())
    bathroom, bedroom = content["categories"]
    # The surest of those it is right about: scores rise from image to image.
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


def test_a_category_that_no_image_is_put_into_has_no_row(rooms, flags, measure):
    measure()
    lines = (rooms / "classes.csv").read_text() + "attic,3,attic\n"
    (rooms / "classes.csv").write_text(lines)
    files = MEASURED | {"table": "scenes.csv", "scores": "svm.json", "summary": "summary.json"}
    more = ["--root", str(rooms), "--out", str(rooms / "f.png")]
    assert measure_scenes.main(flags(**MEASURED, out="scenes.csv")) == 0
    assert draw_scenes.main([*flags(**files), *more]) == 0
    assert len(json.loads((rooms / "f.json").read_text())["categories"]) == 2
