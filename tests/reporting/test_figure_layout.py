"""What is written in Figures 3 to 8 and the curves: inside the figure, readable, with any names."""

import numpy as np
import pandas as pd
import pytest
from matplotlib import colors
from PIL import Image

from pipeline_lib.data.classes import ClassNames
from pipeline_lib.data.manifest import read_images, write_csv
from pipeline_lib.evaluation.sweep import CURVE_COLUMNS
from pipeline_lib.localization.predictions import Predictions
from pipeline_lib.reporting.figures import (
    figure3,
    figure4,
    figure5,
    figure6,
    figure7,
    figure8,
    pictures,
    thresholds,
)
from tests.reporting.drawn_texts import AWKWARD, faults, words
from tests.reporting.random_predictions import boxes_of, random_predictions

NAMES = ClassNames({f"n{k}": name for k, name in enumerate(AWKWARD)})
SHAPES = [(48, 40), (40, 60), (90, 30), (64, 64)]  # (width, height)


@pytest.fixture
def captured(monkeypatch):
    """Return a list of what a figure's module saves: (figure, content, alt)."""
    saved = []

    def save(figure, _path, content, alt):
        saved.append((figure, content, alt))

    for module in (figure3, figure4, figure5, figure6, figure7, figure8, thresholds):
        monkeypatch.setattr(module, "save", save)
    return saved


@pytest.fixture
def photographs(tmp_path):
    """Write the images of ``random_predictions`` in several shapes; return predictions and tables."""
    predictions = random_predictions(1, n=24, name=AWKWARD[0])
    images, true_boxes = boxes_of(predictions)
    for k, path in enumerate(images["path"]):
        Image.new("RGB", SHAPES[k % len(SHAPES)], "teal").save(tmp_path / path)
    write_csv(tmp_path / "images.csv", images)
    return predictions, read_images(tmp_path / "images.csv"), true_boxes, tmp_path


def named(predictions, name):
    return Predictions(**vars(predictions) | {"name": name})


def loose_boxes(predictions, rank):
    corners = {"x0": 4, "y0": 4, "x1": 40, "y1": 20}
    return pd.DataFrame(
        [
            {"image_id": name, "rank": rank, "fit": "loose", "box_method": "paper"} | corners
            for name in predictions.image_id
        ]
    )


def check(captured):
    ((figure, content, alt),) = captured
    assert faults(figure) == []
    assert 0 < len(alt.split(". ")) <= 4
    return figure, content, alt


def short(content):
    return {image["name"].split(",")[0] for image in content["images"]}


def test_figure_3_with_awkward_names(photographs, captured):
    predictions, images, _, root = photographs
    figure3.plot(predictions, images, root, NAMES, root / "3.png")
    figure, content, alt = check(captured)
    assert len(content["images"]) >= 8
    assert all(name in alt for name in short(content))
    assert content["images"][0]["name"].split()[0] in words(figure)


def test_figure_4_with_awkward_names(photographs, captured):
    predictions, images, _, root = photographs
    rows = figure4.rows_of(predictions, images, root, NAMES, figure4.choose(predictions))
    figure4.plot(rows, lambda figure: captured.append((figure, {}, "")))
    ((figure, _, _),) = captured
    assert faults(figure) == []
    assert "$x_1$ and _under_" in words(figure)  # as it is: no formula
    alt = figure4._alt(rows)
    assert all(row.truth in alt for row in rows)


@pytest.mark.parametrize("count", [1, 30])
def test_figure_5_with_any_number_of_networks(photographs, captured, count):
    predictions, images, _, root = photographs
    names = [f"{k} {AWKWARD[k % len(AWKWARD)]}" for k in range(count)]
    figure5.plot([named(predictions, name) for name in names], images, root, NAMES, root / "5.png")
    figure, content, alt = check(captured)
    assert content["columns"] == names
    assert all(name in alt for name in short(content))
    assert figure.get_size_inches()[0] <= 14  # a page's width, however many there are
    written = words(figure).split()
    for name in names:  # every network is named over each of its maps
        assert written.count(name.split()[0]) >= 4


def test_figure_6_with_awkward_names_says_right_and_wrong_in_signs(photographs, captured):
    predictions, images, true_boxes, root = photographs
    pair = [
        figure6.Localized(named(predictions, name), loose_boxes(predictions, 0))
        for name in (AWKWARD[3], AWKWARD[1])
    ]
    figure6.plot(pair, images, true_boxes, root, NAMES, root / "6.png")
    figure, content, alt = check(captured)
    overlaps = [overlap for image in content["images"] for overlap in image["iou"].values()]
    right = sum(overlap >= 0.5 for overlap in overlaps)
    written = words(figure)
    assert written.count("✓ IoU") == right and written.count("✗ IoU") == len(overlaps) - right
    assert "true box" in written and "predicted box" in written
    assert AWKWARD[1] in alt


def test_figure_7_with_awkward_names(photographs, captured):
    predictions, images, true_boxes, root = photographs
    tested = set(predictions.image_id[1:])
    boxes = loose_boxes(predictions, 1)
    figure7.plot(predictions, boxes, images, true_boxes, tested, root, NAMES, root / "7.png")
    figure, content, alt = check(captured)
    assert content["images"]
    assert all(name in alt for name in short(content))
    assert words(figure).count(" IoU 0") == len(content["images"])


def test_figure_8_with_awkward_names(photographs, captured):
    predictions, images, _, root = photographs
    sets = [figure8.Panel(name, predictions, images[:6], root) for name in AWKWARD[:3]]
    figure8.plot(sets, NAMES, root / "8.png")
    figure, content, alt = check(captured)
    assert len(content["images"]) == 18
    assert all(name in alt for name in AWKWARD[:3])
    wrong = sum(image["class"] != image["predicted"] for image in content["images"])
    assert words(figure).count("✗ predicted") == wrong > 0


def curves(names):
    rng = np.random.default_rng(0)
    rows = [
        (name, "bilinear", i / 20, subset, "localization top-1", rng.uniform(30, 100), 9)
        for name in names
        for subset in ("held-out", "scored")
        for i in range(21)
    ]
    return pd.DataFrame(rows, columns=list(CURVE_COLUMNS))


@pytest.mark.parametrize("count", [1, 30])
def test_every_threshold_curve_is_told_from_the_others_without_colour(tmp_path, captured, count):
    names = [f"{k} {AWKWARD[k % len(AWKWARD)]}" for k in range(count)]
    table = curves(names)
    thresholds.plot(table, tmp_path / "t.png")
    figure, content, alt = check(captured)
    panels = [axes for axes in figure.axes if axes.lines]
    assert len(panels) == len(content["rows"]) == count
    scored = table[table["subset"] == "scored"].set_index("row")["error"]
    for name, axes in zip(names, panels, strict=True):
        curve_lines = [line for line in axes.lines if len(line.get_xdata()) == 21]
        assert len(curve_lines) == count  # the others are there to compare
        (thick,) = [line for line in curve_lines if line.get_linewidth() > 2]
        assert np.allclose(thick.get_ydata(), scored[name])
        assert all(line.get_zorder() <= thick.get_zorder() for line in curve_lines)
        assert curve_lines[-1] is thick
    written = words(figure).split()  # drawing thirty panels takes seconds
    assert {str(k) for k in range(count)} <= set(written)
    best = min(content["rows"], key=lambda row: row["error"])
    assert best["row"] in alt


# What eyes without one of the three cones see of linear RGB (Machado et al. 2009, severity 1).
BLIND = {
    "none": np.eye(3),
    "red": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "green": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "blue": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def lab(colour, blindness):
    """CIE L*a*b* (D65) of a colour as such eyes see it."""
    rgb = np.array(colors.to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    linear = np.clip(np.array(BLIND[blindness]) @ linear, 0, 1)
    xyz = np.array([
        [0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]
    ]) @ linear / [0.9505, 1, 1.089]  # fmt: skip
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("blindness", BLIND)
@pytest.mark.parametrize(
    "pair",
    [
        (pictures.TRUE_BOX, pictures.PREDICTED_BOX),
        (pictures.RIGHT, pictures.WRONG),
        (thresholds._OWN, thresholds._OTHERS),
    ],
)
def test_two_colours_differ_for_every_colour_vision(pair, blindness):
    one, other = (lab(colour, blindness) for colour in pair)
    assert np.linalg.norm(one - other) > 20


@pytest.mark.parametrize(
    ("overlap", "expected"),
    [
        (0.4999, "✗ IoU 0.49"),
        (0.5, "✓ IoU 0.50"),
        (0.29, "✗ IoU 0.29"),
        (0.58, "✓ IoU 0.58"),
        (1, "✓ IoU 1.00"),
    ],
)
def test_an_overlap_that_is_too_small_does_not_read_as_enough(overlap, expected):
    assert pictures.overlap_line(overlap).words == expected


def test_boxes_differ_by_their_line_too():
    true, predicted = pictures.true_box_handle(), pictures.predicted_box_handle()
    assert true.get_linestyle() != predicted.get_linestyle()
