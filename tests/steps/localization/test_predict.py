"""The step: from a network's file and a manifest to a predictions file and boxes."""

import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from pipeline_lib.common import machine
from pipeline_lib.common.command import TRY_AGAIN
from pipeline_lib.common.files import fingerprint
from pipeline_lib.data.manifest import read_images
from pipeline_lib.features.cache import read_features
from pipeline_lib.localization.predictions import PIXEL_METHODS, read_predictions, row_of
from pipeline_lib.networks.artefact import save_network
from pipeline_lib.networks.card import NetworkCard, Preprocessing
from pipeline_lib.networks.registry import build
from pipeline_lib.steps.data import index
from pipeline_lib.steps.localization import few_shot, localize, predict
from pipeline_lib.steps.transfer import extract
from pipeline_lib.svm.classifier import LinearClassifier, save
from tests.editing import edit_table

PREPROCESSING = Preprocessing((64, 64), (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))


@pytest.fixture(scope="module")
def study(tiny_world, tmp_path_factory):
    """The manifest of 20 val images, a network with class maps and one without."""
    folder = tmp_path_factory.mktemp("study")
    paths = {"images": folder / "images.csv", "classes": folder / "classes.csv"}
    flags = [f"--{key}={path}" for key, path in paths.items()]
    layout = ["--layout", "ilsvrc-val", "--root", str(tiny_world), "--expected", "20"]
    assert index.main([*layout, *flags]) == 0
    labels = sorted(pd.read_csv(paths["classes"], comment="#")["label"])
    for architecture in ("alexnet_gap", "alexnet"):
        torch.manual_seed(0)
        options = {"width": 0.0625, "half_input": True, "batch_norm": True}
        state = build(architecture, len(labels), options).state_dict()
        card = NetworkCard(architecture, "trained", architecture, options, labels, PREPROCESSING)
        save_network(folder / f"{architecture}.safetensors", card, state)
    return folder


def last_line(capsys):
    """The only line but for that of the device."""
    *device, line = capsys.readouterr().err.splitlines()
    assert all(each.startswith("device: ") for each in device)
    return line


def run(study, root, out, network="alexnet_gap", *more):
    flags = {"network": study / f"{network}.safetensors", "images": study / "images.csv"}
    flags |= {"root": root, "out": out}
    argv = [item for key, value in flags.items() for item in (f"--{key}", str(value))]
    return predict.main([*argv, *more])


@pytest.mark.parametrize(
    ("network", "flags", "method", "crops", "planes"),
    [
        ("alexnet_gap", [], "cam", 1, (1, 7, 7)),
        ("alexnet_gap", ["--crops", "10", "--method", "cam"], "cam", 10, (10, 7, 7)),
        ("alexnet", [], "grad-cam", 1, (1, 7, 7)),
        ("alexnet_gap", ["--layer", "trunk.conv2"], "grad-cam", 1, (1, 15, 15)),
        ("alexnet", ["--method", "layer-cam"], "layer-cam", 1, (1, 7, 7)),
        ("alexnet", ["--method", "eigen-cam", "--crops", "10"], "eigen-cam", 10, (10, 7, 7)),
        ("alexnet", ["--method", "backprop"], "backprop", 1, (2, 64, 64)),
        ("alexnet", ["--method", "smooth-grad"], "smooth-grad", 1, (2, 64, 64)),
        ("alexnet", ["--method", "backprop", "--crops", "10"], "backprop", 10, (2, 73, 73)),
    ],
)
def test_a_network_predicts_the_images_of_a_manifest(
    study, tiny_world, tmp_path, capsys, network, flags, method, crops, planes
):
    out = tmp_path / "net.h5"
    assert run(study, tiny_world, out, network, *flags) == 0
    predictions = read_predictions(out, study / "images.csv")
    images = pd.read_csv(study / "images.csv", comment="#")
    assert predictions.image_id == list(images["image_id"])
    assert [predictions.label_of(index) for index in predictions.true_class] == list(
        images["label"]
    )
    assert (predictions.method, predictions.crops) == (method, crops)
    assert predictions.name == row_of(network, method)
    assert (predictions.size, predictions.warped) == ((64, 64), (73, 73))  # 64 * 256 / 224
    assert predictions.images == fingerprint(study / "images.csv")
    assert predictions.true_map.shape == (20, *planes)
    assert predictions.maps.shape == (20, 0 if method in PIXEL_METHODS else 5, *planes)
    assert np.asarray(predictions.true_map).any()
    assert (np.diff(predictions.scores, axis=1) <= 0).all()
    for box_method in ("paper", "authors"):
        boxes = ["--predictions", out, "--images", study / "images.csv", "--box-method", box_method]
        assert localize.main([*map(str, boxes), "--out", str(tmp_path / "boxes.csv")]) == 0
        ranks = pd.read_csv(tmp_path / "boxes.csv", comment="#")["rank"]
        assert set(ranks) == ({0} if method in PIXEL_METHODS else set(range(6)))
    if method != "backprop":
        boxes = ["--predictions", out, "--images", study / "images.csv", "--box-method", "graphcut"]
        boxes += ["--root", tiny_world, "--out", tmp_path / "boxes.csv"]
        assert localize.main([*map(str, boxes)]) == 1
        assert "needs backprop's maps" in capsys.readouterr().err


def test_several_workers_and_small_batches_predict_the_same(study, tiny_world, tmp_path):
    assert run(study, tiny_world, tmp_path / "a.h5") == 0
    more = ["--workers", "2", "--batch", "3", "--threads", "1"]
    assert run(study, tiny_world, tmp_path / "b.h5", "alexnet_gap", *more) == 0
    first, second = (read_predictions(tmp_path / name) for name in ("a.h5", "b.h5"))
    assert first.fingerprint == second.fingerprint
    assert (first.classes == second.classes).all()
    np.testing.assert_allclose(first.maps[:], second.maps[:], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("crops", [1, 10])
@pytest.mark.parametrize("method", ["cam", "grad-cam", "backprop"])
def test_a_batch_that_does_not_fit_is_halved_and_the_file_is_that_of_the_small_batch(
    study, tiny_world, tmp_path, small_memory, capsys, method, crops
):
    flags = ["--method", method, "--crops", str(crops), "--batch"]
    for name, batch, fits in (
        ("small.h5", 4 * crops, 4 * crops),
        ("large.h5", 16 * crops, 5 * crops),
    ):
        tried = small_memory(fits)
        assert run(study, tiny_world, tmp_path / name, "alexnet_gap", *flags, str(batch)) == 0
    # of gradients of ten crops, no more than eight images are tried
    expected = [8] if (method, crops) == ("backprop", 10) else [16, 8]
    assert [n // crops for n in tried if n > 5 * crops] == expected
    assert (tmp_path / "small.h5").read_bytes() == (tmp_path / "large.h5").read_bytes()
    lines = [line for line in capsys.readouterr().err.splitlines() if "out of memory" in line]
    assert [int(line.rpartition(" ")[2]) for line in lines] == [n // 2 for n in expected]


def test_an_image_that_does_not_fit_is_one_line(
    study, tiny_world, tmp_path, small_memory, monkeypatch, capsys
):
    small_memory(9)
    flags = ["--method", "backprop", "--crops", "10"]
    assert run(study, tiny_world, tmp_path / "net.h5", "alexnet_gap", *flags) == 1
    *_, line, last = capsys.readouterr().err.splitlines()
    assert last == TRY_AGAIN  # with more memory
    assert "a single image of 10 crops does not fit" in line
    assert "mem_mb" in line
    assert not (tmp_path / "net.h5").exists()


def test_predictions_of_two_layers_have_different_fingerprints(study, tiny_world, tmp_path):
    marks = set()
    for layer in ("trunk.conv2", "trunk.conv3"):
        assert run(study, tiny_world, tmp_path / "net.h5", "alexnet_gap", "--layer", layer) == 0
        marks.add(read_predictions(tmp_path / "net.h5").fingerprint)
    assert len(marks) == 2


@pytest.mark.parametrize("more", [[], ["--true-class-only"], ["--layer", "trunk.conv2"]])
def test_several_methods_of_a_layer_are_each_as_alone(study, tiny_world, tmp_path, more):
    methods = ["grad-cam", "eigen-cam", "x-grad-cam"]
    together = [str(tmp_path / f"{method}.h5") for method in methods]
    argv = ["--network", str(study / "alexnet.safetensors"), "--root", str(tiny_world)]
    argv += ["--images", str(study / "images.csv"), "--batch", "8", *more]
    assert predict.main([*argv, "--method", *methods, "--out", *together]) == 0
    for method, path in zip(methods, together, strict=True):
        alone = tmp_path / "alone.h5"
        assert predict.main([*argv, "--method", method, "--out", str(alone)]) == 0
        assert alone.read_bytes() == (tmp_path / path).read_bytes()


def test_images_that_were_drawn_again_are_other_images(study, tiny_world, tmp_path):
    """The same manifest, a file of another size; where the images lie makes no difference."""
    marks = {}
    for name in ("first", "moved", "redrawn"):
        root = tmp_path / name
        shutil.copytree(tiny_world, root)
        if name == "redrawn":
            path = root / pd.read_csv(study / "images.csv", comment="#")["path"][3]
            path.write_bytes(path.read_bytes() + b" ")
        out = tmp_path / f"{name}.h5"
        assert run(study, root, out) == 0
        assert extract.main([
            *("--network", str(study / "alexnet_gap.safetensors"), "--root", str(root)),
            *("--images", str(study / "images.csv"), "--out", str(tmp_path / f"{name}.features.h5")),
        ]) == 0  # fmt: skip
        predictions, features = (
            read_predictions(out), read_features(tmp_path / f"{name}.features.h5")
        )  # fmt: skip
        assert (predictions.images, predictions.files) == (features.images, features.files)
        marks[name] = predictions.fingerprint
    assert marks["first"] == marks["moved"] != marks["redrawn"]


def test_the_precision_is_in_the_file(study, tiny_world, tmp_path, monkeypatch):
    assert run(study, tiny_world, tmp_path / "a.h5") == 0
    assert run(study, tiny_world, tmp_path / "b.h5", "alexnet_gap", "--precision", "tf32") == 0
    monkeypatch.setattr(machine, "precision_here", lambda asked, _device: asked)  # a new GPU
    assert run(study, tiny_world, tmp_path / "c.h5", "alexnet_gap", "--precision", "tf32") == 0
    machine.allow_tf32(False)
    found = [read_predictions(tmp_path / f"{name}.h5") for name in "abc"]
    assert [each.precision for each in found] == ["float32", "float32", "tf32"]
    assert found[0].fingerprint == found[1].fingerprint != found[2].fingerprint


@pytest.mark.parametrize(
    ("network", "flags", "words"),
    [
        ("alexnet", ["--method", "cam"], "alexnet: has no class maps"),
        ("alexnet", ["--layer", "conv99"], "alexnet: has no layer 'conv99'"),
        ("alexnet_gap", ["--crops", "4"], "4 crops"),
        ("absent", [], "absent.json: not found"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    study, tiny_world, tmp_path, capsys, network, flags, words
):
    assert run(study, tiny_world, tmp_path / "net.h5", network, *flags) == 1
    line = last_line(capsys)
    assert words in line
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("flags", "fault"),
    [
        (["--method", "grad-cam", "layer-cam"], "--out: name a file for each --method"),
        (["--method", "grad-cam", "backprop", "--out", "a.h5", "b.h5"], "backprop takes a pass"),
        (
            ["--method", "grad-cam", "layer-cam", "--out", "a.h5", "b.h5", "--crops", "10"],
            "--method: several take one crop",
        ),
    ],
)
def test_several_methods_that_cannot_share_a_pass_are_one_line(
    study, tiny_world, tmp_path, capsys, monkeypatch, flags, fault
):
    monkeypatch.chdir(tmp_path)
    assert run(study, tiny_world, tmp_path / "x.h5", "alexnet", *flags) == 1
    assert fault in last_line(capsys)
    assert not list(tmp_path.glob("*.h5"))


def test_an_image_of_a_class_that_the_network_does_not_know_is_refused(
    study, tiny_world, tmp_path, capsys
):
    label = pd.read_csv(study / "images.csv", comment="#")["label"][0]
    other = tmp_path / "other.csv"
    edit_table(study / "images.csv", lambda rows: rows.replace(label, "n01234567"), other)
    more = ["--images", str(tmp_path / "other.csv")]
    assert run(study, tiny_world, tmp_path / "net.h5", "alexnet_gap", *more) == 1
    line = last_line(capsys)
    assert "other.csv" in line
    assert "n01234567" in line


@pytest.mark.parametrize("has_held_out", [False, True])
def test_the_few_shot_baseline_is_not_scored_where_it_was_fitted(
    study, tiny_world, tmp_path, has_held_out
):
    tables = {name: tmp_path / f"{name}.csv" for name in ("images", "boxes")}
    flags = [f"--{name}={path}" for name, path in tables.items()]
    layout = ["--layout", "ilsvrc-val", "--root", str(tiny_world), "--expected", "20"]
    assert index.main([*layout, *flags]) == 0
    argv = ["--network", str(study / "alexnet_gap.safetensors"), "--root", str(tiny_world)]
    argv += ["--images", str(tables["images"]), "--true-boxes", str(tables["boxes"])]
    if has_held_out:
        argv += ["--held-out", *map(str, tables.values()), str(tiny_world)]
    out = tmp_path / "few.h5"
    assert few_shot.main([*argv, "--held-out-fraction", "0.25", "--out", str(out)]) == 0
    few = read_predictions(out, tables["images"])
    boxed = read_images(tables["images"])["image_id"].isin(pd.read_csv(tables["boxes"])["image_id"])
    assert (few.classes == -1).all() and few.method == "few-shot"
    scored = few.true_class == 0
    assert scored.sum() == 20 - (0 if has_held_out else round(0.25 * boxed.sum()))
    assert np.abs(few.true_map[:][~scored]).max(initial=0) == 0
    correlated = [
        np.corrcoef(few.true_map[n].ravel(), few.true_map[m].ravel())[0, 1]
        for n, m in zip(np.flatnonzero(scored)[:-1], np.flatnonzero(scored)[1:], strict=True)
    ]
    assert np.isfinite(correlated).all() and min(correlated) < 0.99  # a map for each image


def test_images_without_labels_have_guesses_and_no_true_map(study, tiny_world, tmp_path):
    images = pd.read_csv(study / "images.csv", comment="#")
    images["label"] = ""
    images.to_csv(tmp_path / "test.csv", index=False)
    more = ["--images", str(tmp_path / "test.csv")]
    assert run(study, tiny_world, tmp_path / "net.h5", "alexnet_gap", *more) == 0
    predictions = read_predictions(tmp_path / "net.h5")
    assert (predictions.true_class == -1).all()
    assert not predictions.true_map[:].any()
    assert predictions.maps[:].any()


def svm_of(study, tiny_world, folder, normalised):
    """A classifier of four classes of the val images, with random weights."""
    features = folder / "features.h5"
    flags = {"network": study / "alexnet_gap.safetensors", "images": study / "images.csv"}
    flags |= {"root": tiny_world, "out": features, "partial": folder / "part"}
    assert extract.main([item for k, v in flags.items() for item in (f"--{k}", str(v))]) == 0
    read = read_features(features)
    rng = np.random.default_rng(0)
    labels = sorted(set(pd.read_csv(study / "images.csv", comment="#")["label"]))
    weights = rng.normal(size=(len(labels), read.features.shape[1])).astype(np.float32)
    bias = rng.normal(size=len(labels)).astype(np.float32)
    numbers = {"weights": weights, "bias": bias, "objective": bias, "cost": 1.0}
    texts = {"classes": labels, "network": read.network, "features": "f", "split": "1"}
    svm = LinearClassifier(**numbers, **texts, normalised=normalised)
    save(folder / "svm.npz", svm)
    values = np.asarray(read.features)
    if normalised:
        values = values / np.linalg.norm(values, axis=1, keepdims=True)
    return svm, values @ weights.T + bias


@pytest.mark.parametrize("normalised", [False, True])
def test_an_svms_classes_are_predicted_from_its_features(study, tiny_world, tmp_path, normalised):
    svm, values = svm_of(study, tiny_world, tmp_path, normalised)
    out = tmp_path / "net.h5"
    flags = ["--classifier", str(tmp_path / "svm.npz")]
    assert run(study, tiny_world, out, "alexnet_gap", *flags) == 0
    predictions = read_predictions(out, study / "images.csv")
    assert predictions.class_labels == svm.classes
    order = np.argsort(-values, axis=1)[:, :5]
    np.testing.assert_array_equal(predictions.classes, order)
    np.testing.assert_allclose(
        predictions.scores, np.take_along_axis(values, order, axis=1), rtol=1e-3, atol=1e-5
    )
    truth = pd.read_csv(study / "images.csv", comment="#")["label"]
    assert [predictions.label_of(index) for index in predictions.true_class] == truth.tolist()
    if not normalised:  # the mean of a class's map is its decision value, less the bias
        means = np.asarray(predictions.maps[:]).mean((2, 3, 4))
        np.testing.assert_allclose(
            means, predictions.scores - svm.bias[order], rtol=1e-3, atol=1e-4
        )


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--crops", "10"], "leave out --crops"),
        (["--method", "backprop"], "its maps are class maps"),
    ],
)
def test_an_svm_goes_with_class_maps_of_whole_images(
    study, tiny_world, tmp_path, capsys, flags, message
):
    svm_of(study, tiny_world, tmp_path, False)
    capsys.readouterr()
    classifier = ["--classifier", str(tmp_path / "svm.npz")]
    assert run(study, tiny_world, tmp_path / "net.h5", "alexnet_gap", *classifier, *flags) == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "net.h5").exists()


def test_an_svm_of_another_networks_features_is_refused(study, tiny_world, tmp_path, capsys):
    svm, _ = svm_of(study, tiny_world, tmp_path, False)
    save(tmp_path / "svm.npz", replace(svm, network="another"))
    classifier = ["--classifier", str(tmp_path / "svm.npz")]
    assert run(study, tiny_world, tmp_path / "net.h5", "alexnet_gap", *classifier) == 1
    assert "is not of alexnet_gap's features" in capsys.readouterr().err
