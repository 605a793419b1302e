import numpy as np
import pandas as pd
import pytest

from pipeline_lib.common.files import fingerprint
from pipeline_lib.data.manifest import BOX_COLUMNS, IMAGE_COLUMNS, read_csv, read_images, write_rows
from pipeline_lib.evaluation.sweep import THRESHOLDS, Boxed
from pipeline_lib.evaluation.sweep import sweep as library_sweep
from pipeline_lib.localization.predictions import Header, read_predictions, write_predictions
from pipeline_lib.steps.localization import sweep

N = 12


@pytest.fixture
def folder(tmp_path):
    """Images of 64x48 with a random box, and predictions with random maps."""
    rng = np.random.default_rng(0)
    names = [f"i{n}" for n in range(N)]
    images = [(name, f"{name}.jpg", "c0", 64, 48, 0) for name in names]
    write_rows(tmp_path / "images.csv", IMAGE_COLUMNS, images)
    corners = np.sort(rng.integers(0, 48, (N, 2, 2)), axis=1).reshape(-1, 4).tolist()
    boxes = [(name, "c0", *box) for name, box in zip(names, corners, strict=True)]
    write_rows(tmp_path / "boxes.csv", BOX_COLUMNS, boxes)
    header = Header(
        image_id=names,
        true_class=np.zeros(N, np.int32),
        class_labels=["c0", "c1"],
        name="net",
        method="cam",
        crops=1,
        size=(56, 56),
        warped=(64, 64),
        network="0",
        images=fingerprint(tmp_path / "images.csv"),
    )
    batch = {
        "classes": np.array([rng.permutation(2) for _ in range(N)], np.int32),
        "scores": np.full((N, 2), 0.5, np.float32),
        "maps": np.zeros((N, 2, 1, 7, 7), np.float32),
        "true_map": rng.random((N, 1, 7, 7)).astype(np.float32),
    }
    write_predictions(tmp_path / "net.h5", header, [batch])
    return tmp_path


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
