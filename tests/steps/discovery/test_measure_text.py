"""Measuring and plotting maps of words, from files, on a network whose maps are known."""

import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from pipeline_lib.common.files import fingerprint
from pipeline_lib.data.manifest import BOX_COLUMNS, IMAGE_COLUMNS, SPLIT_COLUMNS, write_rows
from pipeline_lib.localization.predictions import Header, write_predictions
from pipeline_lib.steps.discovery import measure_text
from pipeline_lib.steps.report import plot

PATHS = {
    "predictions": "p.h5", "images": "images.csv", "true-boxes": "boxes.csv",
    "splits": "splits.csv", "measures": "m.csv", "by-image": "i.csv",
}  # fmt: skip
SIDE, MAP, COUNT = 40, 10, 6  # pixels, cells, images of which the last two have no words


@pytest.fixture
def files(tmp_path):
    """Images whose word is a cell of the map; the map is one there, and in as many cells more as i."""
    names = [f"i{n}.png" for n in range(COUNT)]
    for name in names:
        Image.fromarray(np.zeros((SIDE, SIDE, 3), np.uint8)).save(tmp_path / name)
    labels = ["text"] * 4 + [""] * 2
    write_rows(
        tmp_path / "images.csv", IMAGE_COLUMNS,
        [(n, n, label, SIDE, SIDE, 0) for n, label in zip(names, labels, strict=True)],
    )  # fmt: skip
    write_rows(
        tmp_path / "splits.csv", SPLIT_COLUMNS,
        [("text", "test", n, "present" if label else "absent")
         for n, label in zip(names, labels, strict=True)],
    )  # fmt: skip
    boxes = [(n, "text", 0, 0, 4, 4) for n in names[:4]]
    write_rows(tmp_path / "boxes.csv", BOX_COLUMNS, boxes)
    true_map = np.zeros((COUNT, 1, MAP, MAP), np.float32)
    for n in range(COUNT):
        true_map[n, 0, 0, 0] = 1
        true_map[n, 0, 5, :n] = 1
    header = Header(
        image_id=names,
        true_class=np.array([0, 0, 0, 0, -1, -1], np.int32),
        class_labels=["text"],
        name="net",
        method="cam",
        crops=1,
        size=(SIDE, SIDE),
        warped=(SIDE, SIDE),
        network="n",
        images=fingerprint(tmp_path / "images.csv"),
    )
    batch = {
        "classes": np.zeros((COUNT, 1), np.int32),
        "scores": np.arange(COUNT, dtype=np.float32)[:, None],
        "maps": true_map[:, None],
        "true_map": true_map,
    }
    write_predictions(tmp_path / "p.h5", header, [batch])
    return tmp_path


def flags(folder, *names):
    return [word for name in names for word in (f"--{name}", str(folder / PATHS[name]))]


def test_shares_are_what_the_maps_were_made_for_and_the_figure_shows_them(files):
    argv = flags(files, "predictions", "images", "true-boxes", "splits", "by-image")
    argv += ["--interpolation", "nearest", "--out", str(files / "m.csv")]
    assert measure_text.main(argv) == 0
    by_image = pd.read_csv(files / "i.csv", comment="#")
    assert list(by_image["mass"]) == pytest.approx([1, 1 / 2, 1 / 3, 1 / 4])
    assert list(by_image["area"]) == [0.01] * 4
    measures = pd.read_csv(files / "m.csv", comment="#").set_index(["measure", "map"])
    assert measures.loc[("mass", "class map"), "value"] == pytest.approx(by_image["mass"].mean())
    assert measures.loc[("mass", "ratio to uniform"), "value"] == pytest.approx(52.08333)
    assert measures.loc[("pointing", "class map"), "value"] == 1
    assert (measures["n"] == 4).all()
    assert set(measures["threshold"]) == {0.2}
    assert set(measures["interpolation"]) == {"nearest"}
    argv = ["--figure", "figure11", "--roots", str(files), "--out", str(files / "f.png")]
    for role in ("measures", "by-image", "predictions", "images", "true-boxes"):
        argv += ["--input", role, str(files / PATHS[role])]
    assert plot.main(argv) == 0
    content = json.loads((files / "f.json").read_text())
    assert [image["image_id"] for image in content["images"]] == [f"i{n}.png" for n in range(4)]
    assert f"class map {content['measures'][0]['value']:.2f}" in content["alt"]
    out = files / "f.png"
    assert out.with_suffix(".pdf").read_bytes()[:4] == b"%PDF"
    assert Image.open(out).width > 800
