"""Figures 3 to 6 and the curves, plotted from files."""

import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from pipeline_lib.common.files import fingerprint
from pipeline_lib.data.manifest import write_csv
from pipeline_lib.evaluation.sweep import CURVE_COLUMNS
from pipeline_lib.localization.extraction import BOX_TABLE_COLUMNS
from pipeline_lib.localization.predictions import Header, Predictions, write_predictions
from pipeline_lib.reporting.figures import figure5, figure6, thresholds
from pipeline_lib.steps.report import plot
from tests.reporting.random_predictions import boxes_of, random_predictions


@pytest.fixture
def world(tmp_path):
    """Predictions of two networks and a gradient, photographs, predicted and true boxes, as files."""
    network = random_predictions(1, n=24)
    images, true_boxes = boxes_of(network)
    for path in images["path"]:
        Image.new("RGB", (48, 40), "teal").save(tmp_path / path)
    write_csv(tmp_path / "images.csv", images)
    write_csv(tmp_path / "true.csv", true_boxes)
    rng = np.random.default_rng(0)
    gradient = {
        "name": "Backprop on net",
        "method": "backprop",
        "maps": np.zeros((24, 0, 2, 28, 28), np.float16),
        "true_map": rng.random((24, 2, 28, 28)).astype(np.float16),
    }
    for name, changed in (("net", {}), ("two", {"name": "two"}), ("gradient", gradient)):
        predictions = Predictions(
            **vars(network) | {"images": fingerprint(tmp_path / "images.csv")} | changed
        )
        header = Header(**{key: getattr(predictions, key) for key in Header.__dataclass_fields__})
        arrays = {
            key: getattr(predictions, key) for key in ("classes", "scores", "maps", "true_map")
        }
        write_predictions(tmp_path / f"{name}.h5", header, [arrays])
        rows = [
            (image, 0, "n0", np.nan, fit, 8, 8, *corner, "paper")
            for image in predictions.image_id
            for fit, corner in (("loose", (40, 20)), ("tight", (9, 9)))
        ]
        write_csv(
            tmp_path / f"{name}.csv",
            pd.DataFrame(rows, columns=list(BOX_TABLE_COLUMNS)),
            made_from=predictions.fingerprint,
        )
    return tmp_path


def run(world, figure, *flags):
    """Plot; files are named relative to the world."""
    files_and_flags = [str(world / flag) if "." in flag else flag for flag in flags]
    out = world / "out" / f"{figure}.png"
    return plot.main(["--figure", figure, *files_and_flags, "--out", str(out)]), out


def shared(world, *predictions):
    return [
        *("--input", "predictions", *predictions),
        *("--input", "images", "images.csv", "--roots", str(world)),
    ]


def content(out):
    with Image.open(out) as picture:
        assert min(picture.size) > 200
        assert len(picture.convert("RGB").getcolors(1 << 24)) > 50  # not an empty sheet
    return json.loads(out.with_suffix(".json").read_text())


@pytest.mark.parametrize("figure", ["figure3", "figure4"])
def test_figures_of_guesses_are_plotted_from_files(world, figure):
    status, out = run(world, figure, *shared(world, "net.h5"))
    assert status == 0
    assert content(out)


def test_figure_5_says_what_every_column_gives_the_true_class(world):
    status, out = run(world, "figure5", *shared(world, "net.h5", "two.h5", "gradient.h5"))
    assert status == 0
    facts = content(out)
    assert facts["columns"] == ["net", "two", "Backprop on net"]
    assert len(facts["images"]) == 4
    assert all(set(image["scores"]) == set(facts["columns"]) for image in facts["images"])


def test_figure_6_has_the_overlap_of_the_loose_boxes_and_says_how_it_chose(world):
    flags = [*shared(world, "net.h5", "gradient.h5"), "--input", "true-boxes", "true.csv"]
    status, out = run(world, "figure6", *flags, "--input", "boxes", "net.csv", "gradient.csv")
    assert status == 0
    facts = content(out)
    assert "whether" in facts["choice"]
    assert len(facts["images"]) == 12
    for image in facts["images"]:
        assert image["iou"] == {"net": 0.5, "Backprop on net": 0.5}  # 32 x 12 of 32 x 24


def curve(name, held, scored):
    metric = "localization top-1"
    rows = [
        (name, "bilinear", i / 10, subset, metric, error, 9)
        for subset, errors in (("held-out", held), ("scored", scored))
        for i, error in enumerate(errors)
    ]
    return pd.DataFrame(rows, columns=list(CURVE_COLUMNS))


def test_the_thresholds_marked_are_those_held_out_images_choose(tmp_path):
    curve("a", [50, 40, 45], [60, 55, 35]).to_csv(tmp_path / "a.csv", index=False)
    curve("b", [20, 20, 30], [30, 20, 10]).to_csv(tmp_path / "b.csv", index=False)
    status, out = run(tmp_path, "thresholds", "--input", "curves", "a.csv", "b.csv")
    assert status == 0
    assert content(out)["rows"] == [
        {"row": "a", "threshold": 0.1, "error": 55},
        {"row": "b", "threshold": 0.0, "error": 30},
    ]


def test_figures_with_nothing_to_show_are_plotted_all_the_same(tmp_path):
    unlabelled = random_predictions(0, n=3, labelled=False)
    images, true_boxes = boxes_of(unlabelled)
    localized = figure6.Localized(unlabelled, pd.DataFrame({"box_method": ["paper"]}))
    figure5.plot([unlabelled], images, tmp_path, {}, tmp_path / "5.png")
    figure6.plot((localized, localized), images, true_boxes, tmp_path, {}, tmp_path / "6.png")
    thresholds.plot(curve("a", [], []), tmp_path / "t.png")
    for name, key in (("5", "images"), ("6", "images"), ("t", "rows")):
        assert json.loads((tmp_path / f"{name}.json").read_text())[key] == []
        assert (tmp_path / f"{name}.png").stat().st_size > 0


IMAGES = ("--input", "images", "images.csv")


def of(*names):
    return ("--input", "predictions", *names)


@pytest.mark.parametrize(
    ("figure", "flags", "words"),
    [
        ("thresholds", [], "--input curves"),
        ("figure5", ["--input", "predictions", "net.h5"], "--input images"),
        ("figure3", [*of("gradient.h5"), *IMAGES], "true class alone"),
        ("figure6", [*of("net.h5", "two.h5"), *IMAGES], "--input boxes"),
        ("figure5", [*of("net.h5"), *IMAGES, "true.csv"], "takes one --input images, not 2"),
        ("figure3", [*of("net.h5"), *IMAGES, "true.csv"], "give the same number of each"),
    ],
)
def test_what_a_figure_lacks_is_said_in_one_line(world, capsys, figure, flags, words):
    status, out = run(world, figure, *flags, "--roots", str(world))
    assert status == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert words in line
    assert not out.exists()


def test_boxes_of_other_predictions_are_refused(world, capsys):
    flags = [*shared(world, "net.h5", "gradient.h5"), "--input", "true-boxes", "true.csv"]
    status, _ = run(world, "figure6", *flags, "--input", "boxes", "gradient.csv", "net.csv")
    assert status == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "gradient.csv" in line
