"""The two checks of maps as steps: random weights, and faithfulness."""

import shutil

import pandas as pd
import pytest
import torch

from pipeline_lib.data.manifest import read_csv, read_file_settings
from pipeline_lib.evaluation.faithfulness import FAITHFULNESS_COLUMNS, MEASURES
from pipeline_lib.evaluation.randomized_table import read_agreement
from pipeline_lib.networks.artefact import save_network
from pipeline_lib.networks.card import NetworkCard, Preprocessing
from pipeline_lib.networks.registry import build
from pipeline_lib.steps.data import index
from pipeline_lib.steps.localization import measure_faithfulness, predict, randomize

PREPROCESSING = Preprocessing((48, 48), (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))


@pytest.fixture(scope="module")
def study(tiny_world, tmp_path_factory):
    """The manifest of 20 val images, a network with class maps and one without, and their maps."""
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
        shared = ["--network", str(folder / f"{architecture}.safetensors"), "--root"]
        shared += [str(tiny_world), "--images", str(paths["images"])]
        for method, more in (("maps", []), ("gradient", ["--method", "backprop"])):
            out = str(folder / f"{architecture}-{method}.h5")
            assert predict.main([*shared, *more, "--out", out]) == 0
    return folder


def run(step, study, root, predictions, network, out, *flags):
    argv = ["--network", study / f"{network}.safetensors", "--predictions", study / predictions]
    argv += ["--images", study / "images.csv", "--root", root, "--out", out, *flags]
    return step.main([str(word) for word in argv])


def test_a_network_is_randomized_and_its_maps_are_compared(study, tiny_world, tmp_path):
    out = tmp_path / "random.csv"
    few = ("--randomized-images", 6, "--randomized-stages", 4)
    predictions = "alexnet_gap-maps.h5"
    assert run(randomize, study, tiny_world, predictions, "alexnet_gap", out, *few) == 0
    table = read_agreement(out)
    assert len(table) == 3 * 4 * 2
    assert list(dict.fromkeys(table["method"])) == ["cam", "grad-cam", "backprop"]
    assert list(dict.fromkeys(table["stage"])) == [1, 2, 3, 4]
    assert table["layer"].iloc[0] == "head.linear"
    assert table["layer"].iloc[3] == "trunk.conv1"
    assert table["mean"].between(-1, 1).all()
    settings = read_file_settings(out)
    assert len(settings["images"]) == 6
    assert 0 <= settings["right"] <= 6
    again = tmp_path / "again.csv"
    assert run(randomize, study, tiny_world, predictions, "alexnet_gap", again, *few) == 0
    assert out.read_bytes() == again.read_bytes()
    other = tmp_path / "other.csv"
    assert (
        run(randomize, study, tiny_world, predictions, "alexnet_gap", other, *few, "--seed", 1) == 0
    )
    assert read_file_settings(other)["images"] != settings["images"]


def test_a_method_that_the_network_cannot_do_is_left_out_with_the_reason(
    study, tiny_world, tmp_path, capsys
):
    out = tmp_path / "random.csv"
    few = ("--randomized-images", 4, "--randomized-stages", 3)
    assert run(randomize, study, tiny_world, "alexnet-maps.h5", "alexnet", out, *few) == 0
    table = read_agreement(out).set_index("method")
    assert "has no class maps" in table.loc["cam", "note"]
    assert table.loc["cam", "n"] == 0
    assert (table.loc["backprop", "n"] == 4).all()
    assert "cam is left out" in capsys.readouterr().err
    only = (*few, "--methods", "cam")
    assert run(randomize, study, tiny_world, "alexnet-maps.h5", "alexnet", out, *only) == 1


@pytest.mark.parametrize("maps", ["maps", "gradient"])
def test_faithfulness_is_measured_of_the_maps_of_a_file(study, tiny_world, tmp_path, maps):
    out, outcomes = tmp_path / "scores.csv", tmp_path / "images.csv"
    flags = ("--faithfulness-images", 5, "--faithfulness-steps", 4, "--outcomes", outcomes)
    predictions = f"alexnet_gap-{maps}.h5"
    args = (measure_faithfulness, study, tiny_world, predictions, "alexnet_gap", out, *flags)
    assert run(*args) == 0
    scores = read_csv(out, FAITHFULNESS_COLUMNS)
    assert list(scores["metric"]) == list(MEASURES)
    assert set(scores["n"]) == {5}
    assert set(scores["method"]) == {"cam" if maps == "maps" else "backprop"}
    images = read_csv(outcomes, ("image_id", *MEASURES))
    assert images[list(MEASURES)].to_numpy().min() >= 0
    assert images[list(MEASURES)].to_numpy().max() <= 1
    assert scores["value"].to_numpy() == pytest.approx(
        100 * images[list(MEASURES)].mean().to_numpy()
    )


@pytest.mark.parametrize("step", [randomize, measure_faithfulness])
def test_what_does_not_fit_together_is_one_line(study, tiny_world, tmp_path, capsys, step):
    out = tmp_path / "x.csv"
    assert run(step, study, tiny_world, "alexnet-maps.h5", "alexnet_gap", out) == 1
    *_, line = capsys.readouterr().err.splitlines()
    assert "alexnet-maps.h5" in line and "predict it again" in line
    assert not out.exists()
    own = tmp_path / "study"
    shutil.copytree(study, own)
    (own / "images.csv").write_text(
        (own / "images.csv").read_text().replace("ILSVRC2012_val_00000001,", "other,")
    )
    assert run(step, own, tiny_world, "alexnet_gap-maps.h5", "alexnet_gap", out) == 1
    assert not out.exists()
