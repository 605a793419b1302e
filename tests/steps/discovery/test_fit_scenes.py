"""The SVM of all images, against scikit-learn's on the same images."""

import json
import re

import numpy as np
import pytest
from sklearn.svm import LinearSVC

from pipeline_lib.common.files import fingerprint
from pipeline_lib.data.manifest import IMAGE_COLUMNS, write_rows
from pipeline_lib.features.cache import Origin, write_features
from pipeline_lib.steps.discovery import fit_scenes
from pipeline_lib.svm.classifier import load
from tests.editing import edit_table


@pytest.fixture
def scenes(tmp_path):
    """Forty images of four categories, the features of which overlap a little."""
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(4), 10)
    features = rng.normal(size=(4, 12))[labels] + rng.normal(scale=1.3, size=(40, 12))
    names = [f"i{n}.jpg" for n in range(40)]
    rows = [(n, n, f"room {c}", "", "", 0) for n, c in zip(names, labels, strict=True)]
    write_rows(tmp_path / "images.csv", IMAGE_COLUMNS, rows)
    images = fingerprint(tmp_path / "images.csv")
    origin = Origin("net", "fc", "n" * 16, images, "f", "whole", "float32")
    write_features(tmp_path / "f.h5", origin, names, [features.astype(np.float32)])

    def run(*more):
        files = {"features": "f.h5", "images": "images.csv", "out": "s.npz", "scores": "s.json"}
        argv = [word for key, name in files.items() for word in (f"--{key}", str(tmp_path / name))]
        return fit_scenes.main([*argv, "--solver", "liblinear", *more])

    return tmp_path, features, labels, run


def test_it_is_the_svm_of_all_images_with_the_chosen_cost(scenes):
    folder, features, labels, run = scenes
    assert run("--costs", "0.01", "1", "10", "--folds", "4") == 0
    svm, scores = load(folder / "s.npz"), json.loads((folder / "s.json").read_text())
    assert (svm.split, svm.network, svm.cost) == ("all", "n" * 16, scores["cost"])
    assert svm.classes == [f"room {c}" for c in range(4)]
    norms = np.linalg.norm(features, axis=1, keepdims=True) if svm.normalised else 1
    peer = LinearSVC(C=svm.cost, tol=1e-8, max_iter=100_000).fit(features / norms, labels)
    np.testing.assert_allclose(svm.weights, peer.coef_, rtol=0.01, atol=1e-3)
    training_accuracy = peer.score(features / norms, labels)
    assert scores["accuracy"]["percent"] == pytest.approx(100 * training_accuracy)
    assert scores["folds"] == 4
    held_out = scores["held_out_accuracy"]
    assert held_out["percent"] < 100 * training_accuracy
    assert held_out["low"] < held_out["percent"] < held_out["high"]
    assert held_out["n"] == 40


def test_one_category_alone_is_refused_in_a_line(scenes, capsys):
    folder, *_, run = scenes
    edit_table(folder / "images.csv", lambda rows: re.sub("room [1-3]", "room 0", rows))
    images = fingerprint(folder / "images.csv")
    origin = Origin("net", "fc", "n" * 16, images, "f", "whole", "float32")
    names = [f"i{n}.jpg" for n in range(40)]
    write_features(folder / "f.h5", origin, names, [np.ones((40, 3), np.float32)])
    assert run() == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("images.csv: all images are of one category; index more")
