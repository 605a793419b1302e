"""Maps of "text" by a stand-in for CLIP that sees colours, and how they are measured."""

import numpy as np
import pytest
from PIL import Image

from pipeline_lib.data.manifest import (
    BOX_COLUMNS,
    IMAGE_COLUMNS,
    SPLIT_COLUMNS,
    read_csv,
    write_rows,
)
from pipeline_lib.discovery.text import CLASS_MAP, TEXT_MEASURE_COLUMNS
from pipeline_lib.localization.predictions import read_predictions
from pipeline_lib.steps.discovery import map_by_clip, measure_text
from tests.steps.discovery.colours import Clip

CORNERS = [(0, 0), (6, 0), (0, 4), (6, 4)]  # of each quarter of an image of 12x8
WORD = [0, 1, 2, 3, 0]  # the quarter of an image with the word; the last is red elsewhere
RED = [0, 1, 2, 3, 3]


@pytest.fixture
def signs(tmp_path, monkeypatch):
    """Five photographs with a word, red in a quarter, and one without."""
    monkeypatch.setattr(map_by_clip, "Clip", Clip)
    rows, boxes, splits = [], [], []
    for n in range(6):
        name, pixels = f"p{n}.png", np.zeros((8, 12, 3), np.uint8)
        if n < 5:
            x, y = CORNERS[RED[n]]
            pixels[y : y + 4, x : x + 6] = (200, 0, 0)
            x, y = CORNERS[WORD[n]]
            boxes.append((name, "text", x, y, x + 6, y + 4))
        Image.fromarray(pixels).save(tmp_path / name)
        rows.append((name, name, "text" if n < 5 else "", 12, 8, 0))
        splits.append(("text", "test", name, "present" if n < 5 else "absent"))
    write_rows(tmp_path / "images.csv", IMAGE_COLUMNS, rows)
    write_rows(tmp_path / "boxes.csv", BOX_COLUMNS, boxes)
    write_rows(tmp_path / "splits.csv", SPLIT_COLUMNS, splits)
    return tmp_path


def run(folder):
    where = ["--clip", "colours", "--images", folder / "images.csv", "--root", folder]
    return map_by_clip.main([str(word) for word in [*where, "--out", folder / "maps.h5"]])


def test_the_maps_of_the_label_are_written_and_point_at_what_is_red(signs):
    assert run(signs) == 0
    predictions = read_predictions(signs / "maps.h5", signs / "images.csv")
    assert (predictions.name, predictions.class_labels) == ("CLIP colours", ["text"])
    for n, quarter in enumerate(RED):
        expected = np.zeros(4)
        expected[quarter] = 200 / 255
        np.testing.assert_allclose(predictions.true_map[n, 0].ravel(), expected, atol=1e-6)
    assert not predictions.true_map[5].any()
    files = {"predictions": "maps.h5", "images": "images.csv", "true-boxes": "boxes.csv"}
    files |= {"splits": "splits.csv", "out": "measures.csv", "by-image": "by_image.csv"}
    argv = [word for key, name in files.items() for word in (f"--{key}", str(signs / name))]
    assert measure_text.main(argv) == 0
    measures = read_csv(signs / "measures.csv", TEXT_MEASURE_COLUMNS)
    pointing = measures[(measures["measure"] == "pointing") & (measures["map"] == CLASS_MAP)]
    assert pointing["value"].tolist() == [0.8] and pointing["n"].tolist() == [5]


def test_images_without_a_label_are_refused(signs, capsys):
    rows = [(f"p{n}.png", f"p{n}.png", "", 12, 8, 0) for n in range(6)]
    write_rows(signs / "images.csv", IMAGE_COLUMNS, rows)
    assert run(signs) == 1
    assert "no image has a label" in capsys.readouterr().err
    assert not (signs / "maps.h5").exists()
