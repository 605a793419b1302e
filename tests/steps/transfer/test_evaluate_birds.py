import pandas as pd
import pytest

from pipeline_lib.data.manifest import (
    BOX_COLUMNS,
    IMAGE_COLUMNS,
    SPLIT_COLUMNS,
    write_csv,
    write_rows,
)
from pipeline_lib.localization.extraction import BOX_TABLE_COLUMNS
from pipeline_lib.steps.transfer import evaluate_birds

TRUE = {"a": (0, 0, 10, 10), "b": (10, 10, 30, 30), "c": (0, 0, 5, 5), "t": (0, 0, 9, 9)}
PREDICTED = {"a": (0, 0, 10, 20), "b": (10, 10, 30, 51), "c": (50, 50, 60, 60), "t": (0, 0, 9, 9)}


@pytest.fixture
def birds(tmp_path):
    images = [(name, f"{name}.jpg", "x", 100, 100, 0) for name in TRUE]
    write_rows(tmp_path / "images.csv", IMAGE_COLUMNS, images)
    write_rows(tmp_path / "true.csv", BOX_COLUMNS, [(n, "x", *box) for n, box in TRUE.items()])
    splits = [("1", "train" if name == "t" else "test", name, "x") for name in TRUE]
    write_rows(tmp_path / "splits.csv", SPLIT_COLUMNS, splits)
    rows = []
    for name, box in PREDICTED.items():
        rows.append((name, 0, "x", "", "loose", *TRUE[name], "paper"))  # true class: not scored
        rows.append((name, 1, "x", 0.9, "loose", *box, "paper"))
        rows.append((name, 2, "y", 0.1, "loose", *TRUE[name], "paper"))
    write_boxes(tmp_path, pd.DataFrame(rows, columns=list(BOX_TABLE_COLUMNS)))
    return tmp_path


def write_boxes(folder, boxes):
    settings = {"box_method": "paper", "threshold": 0.3, "interpolation": "bilinear"}
    write_csv(folder / "predicted.csv", boxes, made_from="x", settings=settings)


def run(birds):
    flags = {"images": "images", "true-boxes": "true", "splits": "splits", "boxes": "predicted"}
    argv = [w for key, name in flags.items() for w in (f"--{key}", str(birds / f"{name}.csv"))]
    return evaluate_birds.main([*argv, "--name", "net on crop", "--out", str(birds / "out.csv")])


def test_boxes_of_top_predictions_on_test_images_are_right_from_half_on(birds):
    assert run(birds) == 0
    table = pd.read_csv(birds / "out.csv", comment="#").set_index("row")
    # a overlaps by exactly 1/2, b by 20/41, c not at all; the training image t does not count.
    assert table.loc["net on crop", "value"] == pytest.approx(100 / 3)
    assert table.loc["net on crop", "n"] == 3
    assert table.loc["net on crop", "threshold"] == 0.3
    assert table.loc["Chance: full image", "value"] == 0
    assert sum(name.startswith("Chance: centred box") for name in table.index) == 4


def test_an_image_without_a_predicted_box_is_one_line(birds, capsys):
    frame = pd.read_csv(birds / "predicted.csv", comment="#")
    write_boxes(birds, frame[frame["image_id"] != "b"])
    assert run(birds) == 1
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "predicted.csv: has not one box for each test image" in line
    assert not (birds / "out.csv").exists()
