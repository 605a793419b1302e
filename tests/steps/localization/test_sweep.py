import pandas as pd
import pytest

from pipeline_lib.data.manifest import BOX_COLUMNS, read_csv, read_images
from pipeline_lib.evaluation.sweep import THRESHOLDS, Boxed
from pipeline_lib.evaluation.sweep import sweep as library_sweep
from pipeline_lib.localization.predictions import read_predictions
from pipeline_lib.steps.localization import sweep


def run(folder, *flags):
    argv = ["--predictions", "net.h5", "--images", "images.csv", "--true-boxes", "boxes.csv"]
    argv += ["--out", "curve.csv", "--scores", "scores.csv"]
    return sweep.main([*(str(folder / word) if "." in word else word for word in argv), *flags])


def test_the_step_writes_the_curve_and_the_scores(folder):
    flags = ["--held-out-fraction", "0.4", "--seed", "0", "--interpolation", "nearest"]
    assert run(folder, *flags) == 0
    boxed = Boxed(
        read_predictions(folder / "net.h5"),
        read_images(folder / "images.csv"),
        read_csv(folder / "boxes.csv", BOX_COLUMNS),
    )
    curve, scores, _ = library_sweep(
        boxed,
        held_out_fraction=0.4,
        seed=0,
        interpolation="nearest",
    )
    pd.testing.assert_frame_equal(
        pd.read_csv(folder / "curve.csv", comment="#"), curve, check_dtype=False
    )
    assert pd.read_csv(folder / "scores.csv", comment="#")["error"].tolist() == pytest.approx(
        scores["error"].tolist()
    )
    assert len(set(curve["threshold"])) == len(THRESHOLDS) == 50


@pytest.mark.parametrize("fraction", ["0", "1", "1.5"])
def test_a_fraction_that_leaves_a_subset_empty_is_refused_in_one_line(folder, fraction, capsys):
    assert run(folder, "--held-out-fraction", fraction) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "--held-out-fraction" in line
