import numpy as np
import pandas as pd
import pytest

from pipeline_lib.common.files import fingerprint
from pipeline_lib.data.manifest import BOX_COLUMNS, IMAGE_COLUMNS, write_rows
from pipeline_lib.localization.predictions import Header, write_predictions
from pipeline_lib.steps.localization import evaluate, localize


def predict_by_hand(path, images, network):
    """Three images of 40x40: the first class lights the upper half, the second a quarter."""
    maps = np.zeros((3, 2, 1, 2, 2), np.float32)
    maps[:, 0, 0, 0, :] = 1
    maps[:, 1, 0, 1, 1] = 1
    header = Header(
        image_id=["a", "b", "c"],
        true_class=np.zeros(3, np.int32),
        class_labels=["n1", "n2"],
        name="net",
        method="cam",
        crops=1,
        size=(40, 40),
        warped=(46, 46),
        network=network,
        images=fingerprint(images),
    )
    classes = np.array([[0, 1], [1, 0], [0, 1]], np.int32)
    ordered = np.stack([maps[i, row] for i, row in enumerate(classes)])
    batch = {"classes": classes, "scores": np.full((3, 2), 0.5, np.float32)}
    write_predictions(path, header, [batch | {"maps": ordered, "true_map": maps[:, 0]}])


@pytest.fixture
def study(tmp_path):
    images = tmp_path / "images.csv"
    write_rows(
        images, IMAGE_COLUMNS, [(name, f"{name}.jpg", "n1", 40, 40, 0) for name in ("a", "b", "c")]
    )
    write_rows(
        tmp_path / "true.csv",
        BOX_COLUMNS,
        # a and b: half of the upper half, exactly 0.5; c: too small
        [("a", "n1", 0, 0, 20, 20), ("b", "n1", 20, 0, 40, 20), ("c", "n1", 0, 0, 19, 20)],
    )
    predict_by_hand(tmp_path / "net.h5", images, "first")
    extract(tmp_path, "net.h5", "boxes.csv")
    return tmp_path


def extract(folder, predictions, out):
    flags = ["--predictions", predictions, "--images", "images.csv", "--out", out]
    flags = [str(folder / flag) if "." in flag else flag for flag in flags]
    assert localize.main([*flags, "--interpolation", "nearest", "--threshold", "0.3"]) == 0


def run(study, *flags):
    shared = ["--images", str(study / "images.csv"), "--true-boxes", str(study / "true.csv")]
    return evaluate.main([*shared, "--out", str(study / "scores.csv"), *flags])


def test_the_scores_of_a_network_are_written_in_percent(study):
    flags = ["--predictions", str(study / "net.h5"), "--boxes", str(study / "boxes.csv")]
    assert run(study, *flags) == 0
    found = pd.read_csv(study / "scores.csv", comment="#").set_index("metric")
    assert found["row"].tolist() == ["net"] * 5
    assert found["n"].tolist() == [3] * 5
    how = ["box_method", "method", "crops", "threshold", "interpolation"]
    assert set(map(tuple, found[how].to_numpy().tolist())) == {("paper", "cam", 1, 0.3, "nearest")}
    assert found["centred_fraction"].isna().all()
    assert found["error"].to_dict() == pytest.approx(
        {
            "classification top-1": 100 / 3,
            "classification top-5": 0,
            "localization top-1": 200 / 3,
            "localization top-5": 100 / 3,
            "GT-known": 100 / 3,
        }
    )


def test_the_centred_box_needs_no_network(study):
    assert run(study, "--centred-fraction", "1") == 0
    (row,) = pd.read_csv(study / "scores.csv", comment="#").itertuples()
    assert (row.row, row.box_method, row.metric) == ("Centred box", "centred", "GT-known")
    assert (row.error, row.n, row.centred_fraction) == (100, 3, 1)


def test_boxes_of_other_predictions_are_refused_in_one_line(study, capsys):
    predict_by_hand(study / "other.h5", study / "images.csv", "second")
    extract(study, "other.h5", "other.csv")
    capsys.readouterr()
    flags = ["--predictions", str(study / "net.h5"), "--boxes", str(study / "other.csv")]
    assert run(study, *flags) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert "other.csv" in lines[0]
    assert not (study / "scores.csv").exists()


def test_predictions_without_their_boxes_are_refused_in_one_line(study, capsys):
    capsys.readouterr()
    assert run(study, "--predictions", str(study / "net.h5")) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "--boxes" in line
    assert not (study / "scores.csv").exists()


@pytest.mark.parametrize("fraction", ["0", "1.2"])
def test_a_centred_box_that_cannot_be_is_refused_in_one_line(study, capsys, fraction):
    capsys.readouterr()
    assert run(study, "--centred-fraction", fraction) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "--centred-fraction" in line
    assert not (study / "scores.csv").exists()


def test_boxes_of_an_earlier_version_are_refused_in_one_line(study, capsys):
    first, *rest = (study / "boxes.csv").read_text().splitlines(keepends=True)
    assert first.startswith("# {")
    flags = ["--predictions", str(study / "net.h5"), "--boxes", str(study / "boxes.csv")]
    for old in ("# made from 0123\n", ""):
        (study / "boxes.csv").write_text(old + "".join(rest))
        capsys.readouterr()
        assert run(study, *flags) == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert "boxes.csv" in line
        assert "delete it and rerun" in line
