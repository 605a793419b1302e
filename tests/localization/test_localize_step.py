from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipeline_lib import localize
from pipeline_lib.common.files import fingerprint
from pipeline_lib.data.manifest import IMAGE_COLUMNS, write_rows
from pipeline_lib.localization.predictions import Predictions, read_predictions, write_predictions


@pytest.fixture
def study(tmp_path):
    """Two images of 40x20 and 20x40; maps of 4x4 whose cells are 10x5 and 5x10 pixels."""
    images = tmp_path / "images.csv"
    write_rows(
        images,
        IMAGE_COLUMNS,
        [("wide", "wide.jpg", "n2", 40, 20, 0), ("tall", "tall.jpg", "", 20, 40, 0)],
    )
    maps = np.zeros((2, 2, 4, 4), np.float32)
    maps[:, 0, 1, 1:3] = 10
    maps[:, 0, 2, 1] = 3
    maps[:, 1, 3, 3] = 1
    true_map = np.zeros((2, 4, 4), np.float32)
    true_map[0, 0, 0] = 2
    predictions = Predictions(
        image_id=["wide", "tall"],
        classes=np.array([[0, 1], [2, 0]], np.int32),
        scores=np.array([[0.75, 0.25], [0.5, 0.25]], np.float32),
        maps=maps,
        true_class=np.array([1, -1], np.int32),
        true_map=true_map,
        class_labels=["n1", "n2", "n3"],
        name="net",
        network="0",
        images=fingerprint(images),
    )
    write_predictions(tmp_path / "net.h5", predictions)
    return tmp_path


def run(study, *flags):
    out = study / "boxes.csv"
    status = localize.main(
        ["--predictions", str(study / "net.h5"), "--images", str(study / "images.csv")]
        + ["--interpolation", "nearest", "--out", str(out), *flags]
    )
    assert status == 0
    return pd.read_csv(out, comment="#")


def test_every_guess_and_the_true_class_get_a_box_in_pixels_of_the_image(study):
    found = run(study)
    columns = ["image_id", "rank", "class", "x0", "y0", "x1", "y1"]
    assert sorted(map(tuple, found[columns].to_numpy().tolist())) == [
        ("tall", 1, "n3", 5, 10, 15, 30),
        ("tall", 2, "n1", 15, 30, 20, 40),
        ("wide", 0, "n2", 0, 0, 10, 5),
        ("wide", 1, "n1", 10, 5, 30, 15),
        ("wide", 2, "n2", 30, 15, 40, 20),
    ]
    assert found["score"].dropna().tolist() == [0.75, 0.25, 0.5, 0.25]
    assert found.loc[found["rank"] == 0, "score"].isna().all()


def test_a_higher_threshold_draws_a_smaller_box(study):
    low, high = run(study, "--threshold", "0.2"), run(study, "--threshold", "0.5")
    corners = ["x0", "y0", "x1", "y1"]
    first = low["rank"] == 1
    assert low[first][corners].to_numpy().tolist() == [[10, 5, 30, 15], [5, 10, 15, 30]]
    assert high[first][corners].to_numpy().tolist() == [[10, 5, 30, 10], [5, 10, 15, 20]]
    assert low[~first].equals(high[~first])


def test_the_interpolation_matters(study):
    nearest, bilinear = run(study), run(study, "--interpolation", "bilinear")
    assert not nearest.equals(bilinear)


def test_predictions_of_another_manifest_are_refused_in_one_line(study, capsys):
    images = study / "images.csv"
    images.write_text(images.read_text().replace("40,20", "80,40"))
    status = localize.main(
        ["--predictions", str(study / "net.h5"), "--images", str(images)]
        + ["--out", str(study / "boxes.csv")]
    )
    assert status == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert "net.h5" in lines[0]
    assert not (study / "boxes.csv").exists()


@pytest.mark.parametrize("sizes", ["20,", ",40", ","])
def test_a_manifest_without_sizes_is_refused_in_one_line(study, capsys, sizes):
    images = study / "images.csv"
    text = images.read_text()
    assert text.count("20,40") == 1
    images.write_text(text.replace("20,40", sizes))
    predictions = read_predictions(study / "net.h5")
    write_predictions(study / "net.h5", replace(predictions, images=fingerprint(images)))
    capsys.readouterr()
    status = localize.main(
        ["--predictions", str(study / "net.h5"), "--images", str(images)]
        + ["--out", str(study / "boxes.csv")]
    )
    assert status == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "lacks sizes" in line
    assert not (study / "boxes.csv").exists()
