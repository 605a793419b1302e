"""The step that fits and tests, against scikit-learn on the same features, splits and costs."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score
from sklearn.svm import LinearSVC

from pipeline_lib.common.files import fingerprint
from pipeline_lib.data.manifest import IMAGE_COLUMNS, SPLIT_COLUMNS, write_rows
from pipeline_lib.features.cache import Origin, write_features
from pipeline_lib.steps.transfer import fit
from pipeline_lib.svm.classifier import load
from tests.editing import rewrite

CLASSES, EACH, DIMENSIONS = 6, 30, 24
COSTS = ("0.001", "0.1", "10")


class Study:
    """Features of six classes on disk, with two random splits of them, or three attributes'."""

    def __init__(self, folder):
        self.folder = folder
        rng = np.random.default_rng(0)
        self.labels = np.repeat(np.arange(CLASSES), EACH)
        centres = rng.normal(size=(CLASSES, DIMENSIONS))
        noise = rng.normal(size=(len(self.labels), DIMENSIONS))
        self.features = np.maximum(0, centres[self.labels] + noise).astype(np.float32) * 4
        self.names = [f"c{label}/i{n}.jpg" for n, label in enumerate(self.labels)]
        rows = [
            (name, name, f"c{c}", "", "", 0)
            for name, c in zip(self.names, self.labels, strict=True)
        ]
        write_rows(folder / "images.csv", IMAGE_COLUMNS, rows)
        origin = Origin(
            "net", "fc", "n" * 16, fingerprint(folder / "images.csv"), "f", "whole", "float32"
        )
        write_features(folder / "f.h5", origin, self.names, [self.features])
        self.trained = {s: rng.random(len(self.labels)) < 0.5 for s in ("1", "2")}

    def split(self):
        rows = [
            (s, "train" if self.trained[s][n] else "test", name, f"c{self.labels[n]}")
            for s in self.trained
            for n, name in enumerate(self.names)
        ]
        write_rows(self.folder / "splits.csv", SPLIT_COLUMNS, rows)
        return "Scene15"

    def split_attributes(self):
        """An attribute holds of three of the classes; each uses two thirds of the images."""
        rng = np.random.default_rng(1)
        self.used, self.holds = {}, {}
        rows = []
        for name in ("wet", "big/ small", "old"):
            self.holds[name] = np.isin(self.labels, rng.permutation(CLASSES)[:3])
            self.used[name] = rng.random(len(self.labels)) < 0.67
            for n in np.flatnonzero(self.used[name]):
                subset = "train" if self.trained["1"][n] else "test"
                truth = "present" if self.holds[name][n] else "absent"
                rows.append((name, subset, self.names[n], truth))
        write_rows(self.folder / "splits.csv", SPLIT_COLUMNS, rows)
        return "SUN Attribute"

    def run(self, set_name, *more):
        inputs = {"features": "f.h5", "images": "images.csv", "splits": "splits.csv"}
        outputs = {"out": "svm.npz", "scores": "scores.csv", "decisions": "decisions.csv"}
        argv = [w for k, v in (inputs | outputs).items() for w in (f"--{k}", str(self.folder / v))]
        return fit.main([*argv, "--set", set_name, "--costs", *COSTS, *more])

    def scores(self):
        return pd.read_csv(self.folder / "scores.csv", dtype={"cost": str}, comment="#")

    def scaled(self, normalised):
        length = np.linalg.norm(self.features, axis=1, keepdims=True)
        return self.features / length if normalised else self.features


@pytest.fixture
def study(tmp_path):
    return Study(tmp_path)


def sklearns(features, labels, cost):
    return LinearSVC(C=cost, dual=False, tol=1e-8, max_iter=100_000).fit(features, labels)


@pytest.mark.parametrize("solver", ["batched", "liblinear"])
def test_accuracies_are_scikit_learns_at_the_same_costs(study, solver):
    set_name = study.split()
    assert study.run(set_name, "--solver", solver) == 0
    scores = study.scores()
    assert scores["normalised"].tolist() == [False, True]
    assert scores["chosen"].sum() == 1
    for row in scores.itertuples():
        costs = [float(cost) for cost in row.cost.split(" to ")]
        if len(costs) > 1:  # the splits chose differently: see which cost each has
            continue
        features = study.scaled(row.normalised)
        accuracies = []
        for trained in study.trained.values():
            model = sklearns(features[trained], study.labels[trained], costs[0])
            accuracies.append(100 * model.score(features[~trained], study.labels[~trained]))
        assert row.value == pytest.approx(np.mean(accuracies), abs=0.6)
        assert row.spread == pytest.approx(np.std(accuracies, ddof=1), abs=0.6)
        assert row.splits == 2
        assert row.n == (~study.trained["1"] | ~study.trained["2"]).sum()


def test_the_classifier_and_its_decisions_are_the_first_splits(study):
    study.run(study.split())
    svm = load(study.folder / "svm.npz")
    assert (svm.network, svm.split, svm.classes) == (
        "n" * 16,
        "1",
        [f"c{k}" for k in range(CLASSES)],
    )
    test = ~study.trained["1"]
    features = study.scaled(svm.normalised)
    values = features[test] @ svm.weights.T + svm.bias
    decisions = pd.read_csv(study.folder / "decisions.csv", comment="#")
    assert decisions["image_id"].tolist() == np.array(study.names)[test].tolist()
    assert decisions["label"].tolist() == [f"c{k}" for k in study.labels[test]]
    assert decisions["predicted"].tolist() == [f"c{k}" for k in values.argmax(1)]
    np.testing.assert_allclose(decisions["score"], values.max(1), rtol=1e-4)
    model = sklearns(features[study.trained["1"]], study.labels[study.trained["1"]], svm.cost)
    np.testing.assert_allclose(svm.weights, model.coef_, atol=0.02 * np.abs(model.coef_).max())


def test_attributes_are_scored_by_average_precision_each_on_its_own_images(study):
    assert study.run(study.split_attributes()) == 0
    for row in study.scores().itertuples():
        features, precisions = study.scaled(row.normalised), []
        for name, holds in study.holds.items():
            train = study.used[name] & study.trained["1"]
            test = study.used[name] & ~study.trained["1"]
            model = sklearns(features[train], holds[train], float(row.cost))
            precisions.append(
                average_precision_score(holds[test], model.decision_function(features[test]))
            )
        assert row.metric == "average precision"
        assert row.value == pytest.approx(100 * np.mean(precisions), abs=0.3)
        assert (row.n, row.splits) == (3, 1)
    assert load(study.folder / "svm.npz").classes == list(study.holds)


def test_the_test_images_do_not_influence_the_choice(study):
    set_name = study.split()
    study.run(set_name)
    before = study.scores()[["normalised", "chosen", "cost"]]
    frame = pd.read_csv(study.folder / "splits.csv", dtype=str, comment="#")
    tested = frame["subset"] == "test"
    frame.loc[tested, "label"] = np.random.default_rng(2).permutation(frame.loc[tested, "label"])
    rewrite(study.folder / "splits.csv", frame)
    study.run(set_name)
    after = study.scores()
    pd.testing.assert_frame_equal(after[["normalised", "chosen", "cost"]], before)
    assert after["value"].max() < 40  # by chance 17 %


def test_bad_input_is_one_line(study, capsys):
    set_name = study.split()
    (study.folder / "f.h5").write_bytes((study.folder / "f.h5").read_bytes()[:900])
    assert study.run(set_name) == 1
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "f.h5: not as it was written, not a whole features file" in line
    assert not (study.folder / "svm.npz").exists()
