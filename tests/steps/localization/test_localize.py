import json
import re

import cv2
import numpy as np
import pandas as pd
import pytest

from pipeline_lib.common.files import fingerprint
from pipeline_lib.data.manifest import IMAGE_COLUMNS, write_rows
from pipeline_lib.localization.predictions import Header, read_predictions, write_predictions
from pipeline_lib.steps.localization import localize
from tests.editing import edit_table, edited_hdf5


@pytest.fixture
def study(tmp_path):
    """Two images of 40x20 and 20x40; maps of 4x4 whose cells are 10x5 and 5x10 pixels."""
    images = tmp_path / "images.csv"
    write_rows(
        images,
        IMAGE_COLUMNS,
        [("wide", "wide.jpg", "n2", 40, 20, 0), ("tall", "tall.jpg", "", 20, 40, 0)],
    )
    maps = np.zeros((2, 2, 1, 4, 4), np.float32)
    maps[:, 0, 0, 1, 1:3] = 10
    maps[:, 0, 0, 2, 1] = 3
    maps[1, 1, 0, 3, 3] = 1
    maps[0, 1, 0, 0, 0] = 2
    true_map = np.zeros((2, 1, 4, 4), np.float32)
    true_map[0] = maps[0, 1]
    batch = {
        "classes": np.array([[0, 1], [2, 0]], np.int32),
        "scores": np.array([[0.75, 0.25], [0.5, 0.25]], np.float32),
        "maps": maps,
        "true_map": true_map,
    }
    write(tmp_path, images, batch)
    return tmp_path


def write(study, images, batch, **changed):
    """Write predictions of the two images; the second has no label."""
    values = {
        "image_id": ["wide", "tall"],
        "true_class": np.array([1, -1], np.int32),
        "class_labels": ["n1", "n2", "n3"],
        "name": "net",
        "method": "cam",
        "crops": 1,
        "size": (4, 4),
        "warped": (6, 6),
        "network": "0",
        "images": fingerprint(images),
    }
    write_predictions(study / "net.h5", Header(**values | changed), [batch])


def run(study, *flags):
    out = study / "boxes.csv"
    status = localize.main(
        ["--predictions", str(study / "net.h5"), "--images", str(study / "images.csv")]
        + ["--interpolation", "nearest", "--out", str(out), *flags]
    )
    assert status == 0
    return pd.read_csv(out, comment="#")


KEYS, CORNERS = ["image_id", "rank", "fit"], ["x0", "y0", "x1", "y1"]


def test_every_guess_and_the_true_class_get_a_box_in_pixels_of_the_image(study):
    found = run(study)
    columns = ["image_id", "rank", "class", "x0", "y0", "x1", "y1"]
    assert sorted(map(tuple, found[columns].to_numpy().tolist())) == [
        ("tall", 1, "n3", 5, 10, 15, 30),
        ("tall", 2, "n1", 15, 30, 20, 40),
        ("wide", 0, "n2", 0, 0, 10, 5),
        ("wide", 1, "n1", 10, 5, 30, 15),
        ("wide", 2, "n2", 0, 0, 10, 5),  # the true class again: its box depends on the class alone
    ]
    assert set(found["fit"]) == {"loose"}
    assert set(found["box_method"]) == {"paper"}
    assert found["score"].dropna().tolist() == [0.75, 0.25, 0.5, 0.25]
    assert found.loc[found["rank"] == 0, "score"].isna().all()


@pytest.mark.parametrize(("box_method", "threshold"), [("paper", 0.3), ("authors", None)])
def test_the_boxes_say_what_they_were_made_from_and_how(study, box_method, threshold):
    run(study, "--box-method", box_method, "--threshold", "0.3")
    first, *_ = (study / "boxes.csv").read_text().splitlines()
    header = json.loads(first.removeprefix("# "))
    assert header == {
        "made_from": read_predictions(study / "net.h5").fingerprint,
        "settings": {
            "box_method": box_method,
            "threshold": threshold,
            "interpolation": "nearest",
            "method": "cam",
            "crops": 1,
        },
    }


def test_a_threshold_of_one_or_more_is_refused(study, capsys):
    assert "--threshold" in refused(study, capsys, "--threshold", "1")


def test_a_higher_threshold_gives_a_smaller_box(study):
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
    edit_table(images, lambda rows: rows.replace("40,20", "80,40"))
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
    assert images.read_text().count("20,40") == 1
    edit_table(images, lambda rows: rows.replace("20,40", sizes))
    with edited_hdf5(study / "net.h5") as file:
        file.attrs["images"] = fingerprint(images)
    capsys.readouterr()
    status = localize.main(
        ["--predictions", str(study / "net.h5"), "--images", str(images)]
        + ["--out", str(study / "boxes.csv")]
    )
    assert status == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "lacks sizes" in line
    assert not (study / "boxes.csv").exists()


def refused(study, capsys, *flags):
    status = localize.main(
        ["--predictions", str(study / "net.h5"), "--images", str(study / "images.csv")]
        + ["--out", str(study / "boxes.csv"), *flags]
    )
    assert status == 1
    assert not (study / "boxes.csv").exists()
    (line,) = capsys.readouterr().err.splitlines()
    return line


def test_a_graph_cut_needs_gradients_and_photographs(study, capsys):
    assert "box method graphcut needs" in refused(
        study, capsys, "--box-method", "graphcut", "--root", "."
    )


def test_the_authors_method_gives_a_loose_and_a_tight_box(study):
    found = run(study, "--box-method", "authors")
    assert (
        found.groupby(["image_id", "rank"])["fit"].apply(list).tolist() == [["loose", "tight"]] * 5
    )
    areas = (found["x1"] - found["x0"]) * (found["y1"] - found["y0"])
    by_fit = dict(list(areas.groupby(found["fit"])))
    assert (by_fit["loose"].to_numpy() >= by_fit["tight"].to_numpy()).all()


def test_gradients_are_cut_out_of_their_photographs(study, capsys):
    images = study / "images.csv"
    for name, shape in (("wide", (20, 40, 3)), ("tall", (40, 20, 3))):
        picture = np.full(shape, 40.0)
        picture[5:15, 4:14] = (200, 60, 60)
        noise = np.random.default_rng(0).normal(0, 6, shape)
        cv2.imwrite(str(study / f"{name}.png"), np.clip(picture + noise, 0, 255))
    edit_table(images, lambda rows: rows.replace(".jpg", ".png"))
    y, x = np.mgrid[:20, :40]
    peak = np.exp(-((x - 8.5) ** 2 + (y - 9.5) ** 2) / (2 * 5**2)).astype(np.float16)
    planes = np.broadcast_to(peak, (2, 2, 20, 40))
    batch = {
        "classes": np.array([[0, 1], [2, 0]], np.int32),
        "scores": np.array([[0.75, 0.25], [0.5, 0.25]], np.float32),
        "maps": np.zeros((2, 0, 2, 20, 40), np.float16),
        "true_map": planes,
    }
    write(study, images, batch, method="backprop")
    found = run(study, "--box-method", "graphcut", "--root", str(study))
    assert found[["image_id", "rank", "box_method"]].to_numpy().tolist() == [
        ["wide", 0, "graphcut"]
    ]
    assert found[["x0", "y0", "x1", "y1"]].to_numpy().tolist() == [[4, 5, 14, 15]]
    (study / "boxes.csv").unlink()
    capsys.readouterr()
    assert "--root" in refused(study, capsys, "--box-method", "graphcut")


def filled(side, x0, y0, x1, y1):
    plane = np.zeros((side, side), np.float32)
    plane[y0:y1, x0:x1] = 1
    return plane


def resized(study):
    """Both images are now of 120x120 pixels; returns the guesses of a batch."""
    images = study / "images.csv"
    edit_table(images, lambda rows: re.sub("40,20|20,40", "120,120", rows))
    return {
        "classes": np.array([[0, 1], [2, 0]], np.int32),
        "scores": np.array([[0.75, 0.25], [0.5, 0.25]], np.float32),
    }


@pytest.fixture
def ten(study):
    """Ten crops of maps whose cells are two pixels: the crops' views of one place in the image."""
    batch = resized(study)
    large, small = filled(60, 10, 20, 34, 40), filled(60, 16, 24, 28, 36)
    maps = np.zeros((2, 2, 10, 52, 52), np.float32)
    for crop, (y, x) in enumerate([(0, 0), (0, 8), (8, 0), (8, 8), (4, 4)]):
        for rank, plane in enumerate((0.25 * large + small, -small)):
            maps[:, rank, crop] = plane[y : y + 52, x : x + 52]
            maps[:, rank, crop + 5] = maps[:, rank, crop, :, ::-1]
    batch |= {"maps": maps, "true_map": maps[:, 1]}
    write(study, study / "images.csv", batch, crops=10, size=(104, 104), warped=(120, 120))
    return study


LARGE, SMALL = (20, 40, 68, 80), (32, 48, 56, 72)
CELLS = 4  # by how many pixels the cubic kernel may reach over


def test_the_authors_method_on_ten_crops_finds_the_loose_and_the_tight_box(ten):
    found = run(ten, "--box-method", "authors")
    assert set(found["box_method"]) == {"authors"}
    of = {tuple(row[:3]): np.array(row[3:]) for row in found[KEYS + CORNERS].to_numpy().tolist()}
    for image in ("wide", "tall"):
        assert np.abs(of[image, 1, "loose"] - LARGE).max() <= CELLS
        assert np.abs(of[image, 1, "tight"] - SMALL).max() <= CELLS
        assert np.abs(of[image, 2, "loose"] - SMALL).max() <= CELLS  # negative, which is as much
    assert (of["wide", 0, "loose"] == of["wide", 2, "loose"]).all()


def test_the_papers_method_on_ten_crops_finds_what_is_above_its_threshold(ten):
    for threshold, expected in (("0.1", LARGE), ("0.6", SMALL)):
        found = run(ten, "--threshold", threshold)
        (corners, other) = found.loc[found["rank"] == 1, CORNERS].to_numpy()
        assert np.abs(corners - expected).max() <= CELLS
        assert (corners == other).all()


def test_where_the_authors_method_finds_nothing_loose_and_tight_are_the_whole_image(study):
    batch = resized(study)
    maps = np.zeros((2, 2, 1, 4, 4), np.float32)
    write(study, study / "images.csv", batch | {"maps": maps, "true_map": maps[:, 0]})
    found = run(study, "--box-method", "authors")
    assert found["fit"].tolist() == ["loose", "tight"] * 5
    assert found[CORNERS].to_numpy().tolist() == [[0, 0, 120, 120]] * 10


@pytest.fixture
def gradients(study):
    """The strongest channel's gradient and the sum lie in different places."""
    planes = np.zeros((2, 2, 60, 60), np.float16)
    planes[0] = filled(60, 10, 20, 34, 40), filled(60, 40, 5, 50, 20)
    guesses = np.zeros((2, 0, 2, 60, 60), np.float16)
    batch = resized(study) | {"maps": guesses, "true_map": planes}
    write(study, study / "images.csv", batch, method="backprop", crops=10)
    return study


def test_gradients_have_boxes_for_known_true_classes_alone(gradients):
    found = run(gradients)
    assert found[["image_id", "rank", "class"]].to_numpy().tolist() == [["wide", 0, "n2"]]


def test_the_papers_method_takes_the_strongest_channel_and_the_authors_the_sum(gradients):
    assert run(gradients)[CORNERS].to_numpy().tolist() == [[20, 40, 68, 80]]
    assert (
        run(gradients, "--box-method", "authors")[CORNERS].to_numpy().tolist()
        == [[80, 10, 100, 40]] * 2
    )


def test_a_photograph_that_is_not_there_is_named(gradients, capsys):
    line = refused(gradients, capsys, "--box-method", "graphcut", "--root", str(gradients))
    assert "wide.jpg: not found" in line


def test_a_photograph_of_another_size_than_the_manifests_is_named(gradients, capsys):
    # 120x120 in the manifest; of the same area, so that only its sides tell
    cv2.imwrite(str(gradients / "wide.jpg"), np.zeros((60, 240, 3), np.uint8))
    line = refused(gradients, capsys, "--box-method", "graphcut", "--root", str(gradients))
    assert "wide.jpg" in line
    assert "120x120" in line
