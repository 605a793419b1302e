"""Figures 7 and 8 from predictions made by hand."""

import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from pipeline_lib.common.files import fingerprint
from pipeline_lib.data.manifest import (
    BOX_COLUMNS,
    CLASS_COLUMNS,
    IMAGE_COLUMNS,
    SPLIT_COLUMNS,
    write_csv,
    write_rows,
)
from pipeline_lib.localization.extraction import extract_boxes
from pipeline_lib.localization.predictions import Header, read_predictions, write_predictions
from pipeline_lib.reporting.figures import figure7
from pipeline_lib.steps.report import plot

LABELS = [f"00{k}.Bird_{k}" for k in range(6)]


@pytest.fixture
def birds(tmp_path):
    """Forty 40x30 photographs of six species with predictions of an SVM, right two times in three."""
    rng = np.random.default_rng(0)
    truth = rng.integers(6, size=40)
    names = [f"b{n}.png" for n in range(40)]
    for name in names:
        Image.fromarray(rng.integers(0, 255, (30, 40, 3), np.uint8)).save(tmp_path / name)
    rows = [(name, name, LABELS[c], 40, 30, 0) for name, c in zip(names, truth, strict=True)]
    write_rows(tmp_path / "images.csv", IMAGE_COLUMNS, rows)
    true_boxes = [(name, LABELS[c], 10, 5, 30, 25) for name, c in zip(names, truth, strict=True)]
    write_rows(tmp_path / "true.csv", BOX_COLUMNS, true_boxes)
    splits = [("1", "train" if n % 4 == 0 else "test", name, "x") for n, name in enumerate(names)]
    write_rows(tmp_path / "splits.csv", SPLIT_COLUMNS, splits)
    write_rows(
        tmp_path / "classes.csv", CLASS_COLUMNS, [(b, k, b[4:]) for k, b in enumerate(LABELS)]
    )
    first = np.where(rng.random(40) < 0.67, truth, (truth + 1) % 6)
    classes = np.stack([(first + k) % 6 for k in range(5)], axis=1).astype(np.int32)
    header = Header(
        image_id=names,
        true_class=truth.astype(np.int32),
        class_labels=LABELS,
        name="net",
        method="cam",
        crops=1,
        size=(28, 28),
        warped=(32, 32),
        network="0",
        images=fingerprint(tmp_path / "images.csv"),
    )
    batch = {
        "classes": classes,
        "scores": -np.sort(-rng.normal(size=(40, 5)).astype(np.float32), axis=1),
        "maps": rng.random((40, 5, 1, 4, 4)).astype(np.float32),
        "true_map": rng.random((40, 1, 4, 4)).astype(np.float32),
    }
    write_predictions(tmp_path / "p.h5", header, [batch])
    predictions = read_predictions(tmp_path / "p.h5")
    images = pd.read_csv(tmp_path / "images.csv", comment="#")
    boxes = extract_boxes(predictions, images, "paper", threshold=0.5, interpolation="bilinear")
    write_csv(tmp_path / "boxes.csv", boxes, made_from=predictions.fingerprint)
    return tmp_path


def flags(folder, figure, sets=1, **more):
    """The step's flags; ``more`` are roles and their files."""
    files = {"predictions": [folder / "p.h5"] * sets, "images": [folder / "images.csv"] * sets}
    files |= {"classes": [folder / "classes.csv"] * sets} | more
    words = ["--figure", figure, "--out", str(folder / "figure.png")]
    words += ["--roots", *[str(folder)] * sets]
    for role, paths in files.items():
        paths = paths if isinstance(paths, list) else [paths]
        words += ["--input", role.replace("_", "-"), *map(str, paths)]
    return words


def summaries(folder, *names):
    paths = [folder / f"{name}.json" for name in names]
    for path in paths:
        path.write_text(json.dumps({"data_set": path.stem}))
    return paths


def run7(folder, **more):
    files = {"boxes": folder / "boxes.csv", "true_boxes": folder / "true.csv"}
    return plot.main(flags(folder, "figure7", **files, splits=folder / "splits.csv", **more))


def test_figure_7_shows_right_test_images_of_the_surest_species(birds):
    assert run7(birds) == 0
    assert Image.open(birds / "figure.png").width > 800
    content = json.loads((birds / "figure.json").read_text())
    predictions = read_predictions(birds / "p.h5")
    place = {name: n for n, name in enumerate(predictions.image_id)}
    boxes = pd.read_csv(birds / "boxes.csv", comment="#")
    species = {}
    for image in content["images"]:
        n = place[image["image_id"]]
        assert n % 4 != 0  # of the test images
        assert predictions.classes[n, 0] == predictions.true_class[n]
        assert image["name"] == image["class"][4:]
        box = boxes[(boxes["image_id"] == image["image_id"]) & (boxes["rank"] == 1)].iloc[0]
        width = min(30, box["x1"]) - max(10, box["x0"])
        height = min(25, box["y1"]) - max(5, box["y0"])
        shared = max(0, width) * max(0, height)
        area = (box["x1"] - box["x0"]) * (box["y1"] - box["y0"])
        assert image["iou"] == pytest.approx(shared / (area + 400 - shared), abs=1e-3)
        species.setdefault(image["class"], []).append(image["score"])
    assert len(species) == 4
    for scores in species.values():
        assert scores == sorted(scores, reverse=True) and len(scores) <= 3


def test_figure_7s_choice_does_not_look_at_the_boxes(birds):
    run7(birds)
    before = json.loads((birds / "figure.json").read_text())
    boxes = pd.read_csv(birds / "boxes.csv", comment="#")
    boxes[["x0", "y0", "x1", "y1"]] = (0, 0, 40, 30)
    fingerprint_ = read_predictions(birds / "p.h5").fingerprint
    write_csv(birds / "boxes.csv", boxes, made_from=fingerprint_)
    run7(birds)
    after = json.loads((birds / "figure.json").read_text())
    assert [i["image_id"] for i in after["images"]] == [i["image_id"] for i in before["images"]]
    assert after["images"][0]["iou"] == pytest.approx(400 / 1200, abs=1e-3)


def test_figure_7_without_a_right_image_says_so(birds):
    predictions = read_predictions(birds / "p.h5")
    assert figure7.choose(predictions, set()) == {}
    splits = pd.read_csv(birds / "splits.csv", comment="#").assign(subset="train")
    (birds / "splits.csv").unlink()  # and with it its checksum
    splits.to_csv(birds / "splits.csv", index=False)
    assert run7(birds) == 0
    assert json.loads((birds / "figure.json").read_text())["images"] == []


def test_figure_8_shows_every_picked_image_of_every_set_with_what_is_predicted(birds):
    names = summaries(birds, "Action40", "Event8")
    assert plot.main(flags(birds, "figure8", sets=2, summaries=names)) == 0
    content = json.loads((birds / "figure.json").read_text())["images"]
    predictions = read_predictions(birds / "p.h5")
    assert [image["set"] for image in content] == ["Action40"] * 6 + ["Event8"] * 6
    for n, image in enumerate(content[:6]):
        assert image["class"] == LABELS[predictions.true_class[n]]
        assert image["predicted"] == LABELS[predictions.classes[n, 0]]
        assert image["decision"] == pytest.approx(float(predictions.scores[n, 0]), abs=1e-5)


def test_summaries_that_do_not_fit_the_sets_are_one_line(birds, capsys):
    paths = summaries(birds, "Action40")
    assert plot.main(flags(birds, "figure8", sets=2, summaries=paths)) == 1
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "as many --input summaries" in line
