"""The step on a part of the images, against the library on that part alone."""

from dataclasses import replace

import numpy as np
import pandas as pd

from pipeline_lib.data.manifest import (
    BOX_COLUMNS,
    SPLIT_COLUMNS,
    read_csv,
    read_images,
    write_rows,
)
from pipeline_lib.evaluation.map_scores import map_scores
from pipeline_lib.evaluation.sweep import Boxed
from pipeline_lib.localization.predictions import read_predictions
from pipeline_lib.steps.localization import measure_maps


def run(folder, *flags):
    files = {"images": "images.csv", "true-boxes": "boxes.csv", "splits": "splits.csv"}
    files |= {"predictions": "net.h5", "out": "scores.csv", "outcomes": "outcomes.csv"}
    argv = [word for flag, name in files.items() for word in (f"--{flag}", str(folder / name))]
    return measure_maps.main([*argv, *flags])


def test_the_first_splits_test_images_alone_are_scored(folder):
    tested = np.arange(12) % 3 > 0
    rows = [
        ("official", "test" if test else "train", f"i{n}", "c0") for n, test in enumerate(tested)
    ]
    other = [("again", "test", f"i{n}", "c0") for n in range(12)]
    write_rows(folder / "splits.csv", SPLIT_COLUMNS, [*rows, *other])
    assert run(folder) == 0
    read, images = read_predictions(folder / "net.h5"), read_images(folder / "images.csv")
    arrays = ("true_class", "classes", "scores", "maps", "true_map")
    few = replace(
        read,
        image_id=list(np.array(read.image_id)[tested]),
        **{name: np.asarray(getattr(read, name))[tested] for name in arrays},
    )
    boxes = read_csv(folder / "boxes.csv", BOX_COLUMNS)
    expected = map_scores(
        Boxed(few, images[tested].reset_index(drop=True), boxes),
        threshold=0.2, held_out_fraction=0.2, seed=0, interpolation="bilinear",
    )  # fmt: skip
    scores = pd.read_csv(folder / "scores.csv")
    pd.testing.assert_frame_equal(scores, expected.scores, check_dtype=False)
    assert (scores["n"] <= 8).all()
    assert pd.read_csv(folder / "outcomes.csv")["image_id"].tolist() == few.image_id


def test_the_gaussian_needs_no_network(folder):
    write_rows(
        folder / "splits.csv", SPLIT_COLUMNS, [("a", "test", f"i{n}", "c0") for n in range(12)]
    )
    argv = ["--images", "images.csv", "--true-boxes", "boxes.csv", "--splits", "splits.csv"]
    argv += ["--out", "scores.csv", "--outcomes", "outcomes.csv"]
    argv = [str(folder / word) if word.endswith(".csv") else word for word in argv]
    assert measure_maps.main(argv) == 0
    assert set(pd.read_csv(folder / "scores.csv")["row"]) == {"Gaussian in the centre"}
