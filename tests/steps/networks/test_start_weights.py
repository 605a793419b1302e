"""The weights that a training starts from: a file of the run, hashed into what is trained."""

import shutil

import pytest
import torch
from safetensors.torch import load_file

from pipeline_lib.common.files import fingerprint
from pipeline_lib.networks.caffe.writer import layers_of, write_caffemodel
from pipeline_lib.networks.card import read_card
from pipeline_lib.networks.pretrained import build_by_name
from pipeline_lib.networks.registry import build
from pipeline_lib.steps.networks import start_weights, train

pytestmark = pytest.mark.usefixtures("restored_signal_handlers")


def bring(start, folder, out):
    flags = ["--start", start, "--weights-folder", str(folder), "--out", str(out)]
    return start_weights.main(flags)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A folder with GoogLeNet as torchvision publishes it, a pickle, and NIN as Caffe's authors do."""
    folder = tmp_path_factory.mktemp("weights")
    torch.manual_seed(0)
    torch.save(build_by_name("googlenet", "torchvision").state_dict(), folder / "googlenet.pth")
    write_caffemodel(folder / "nin_imagenet.caffemodel", layers_of(build("nin", 1000, {})))
    return folder


def fine_tune(out, images, root, start, path, architecture, *more):
    return train.main([
        *("--name", "x", "--architecture", architecture, "--images", str(images), "--root", str(root)),
        *("--warp", "72", "--crop", "68", "--recipe", "epochs=0.3", "--recipe", "batch=4"),
        *("--checkpoints", str(out.parent / "checkpoints"), "--out", str(out)),
        *("--start", start, "--start-weights", str(path)), *more,
    ])  # fmt: skip


@pytest.mark.parametrize(
    ("start", "architecture"), [("googlenet", "googlenet_gap"), ("released:NIN", "nin")]
)
def test_the_start_is_one_file_whose_hash_the_card_has(
    weights, training_manifest, tiny_world, tmp_path, start, architecture
):
    path, out = tmp_path / "start.safetensors", tmp_path / "x.safetensors"
    assert bring(start, weights, path) == 0
    slow = ("--recipe", "rate=1e-9")
    images = (training_manifest, tiny_world)
    assert fine_tune(out, *images, start, path, architecture, *slow) == 0
    card = read_card(out.with_suffix(".json"))
    assert card.training["start"] == start
    assert card.training["start_weights"] == fingerprint(path)
    trunk = {key: value for key, value in load_file(out).items() if key.startswith("trunk.conv1")}
    given = load_file(path)
    for (
        key,
        tensor,
    ) in trunk.items():  # as it began, but for statistics and Caffe's order of colours
        if key == "trunk.conv1.conv.weight":
            torch.testing.assert_close(tensor, given["conv1.conv.weight"])
        elif key == "trunk.conv1.weight":
            torch.testing.assert_close(tensor, given["conv1:0"].flip(1))


def test_the_same_weights_give_the_same_file_wherever_and_however_they_came(weights, tmp_path):
    moved = tmp_path / "moved"
    shutil.copytree(weights, moved)
    for start in ("googlenet", "released:NIN"):
        name = start.replace(":", "-")
        assert bring(start, weights, tmp_path / f"{name}-a.safetensors") == 0
        assert bring(start, moved, tmp_path / f"{name}-b.safetensors") == 0
        pair = [(tmp_path / f"{name}-{one}.safetensors").read_bytes() for one in "ab"]
        assert pair[0] == pair[1]


def test_other_weights_are_another_training(
    weights, training_manifest, tiny_world, tmp_path, capsys
):
    """Stopped after one step, its checkpoint is not gone on from with other weights."""
    paths = [tmp_path / f"{one}.safetensors" for one in "ab"]
    assert bring("googlenet", weights, paths[0]) == 0
    torch.manual_seed(1)
    torch.save(build_by_name("googlenet", "torchvision").state_dict(), tmp_path / "googlenet.pth")
    assert bring("googlenet", tmp_path, paths[1]) == 0
    images = (training_manifest, tiny_world, "googlenet")
    out = tmp_path / "x.safetensors"
    assert fine_tune(out, *images, paths[0], "googlenet_gap", "--budget", "1e-9") == 1
    capsys.readouterr()
    assert fine_tune(out, *images, paths[1], "googlenet_gap", "--budget", "1e-9") == 1
    assert "resumed" not in capsys.readouterr().err
    assert fine_tune(out, *images, paths[1], "googlenet_gap") == 0
    assert "resumed after step 1" in capsys.readouterr().err


def test_what_does_not_fit_is_one_line(weights, training_manifest, tiny_world, tmp_path, capsys):
    path = tmp_path / "start.safetensors"
    assert bring("released:VGGnet", weights, path) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "VGG_ILSVRC_16_layers.caffemodel: not found" in line
    assert bring("released:NIN", weights, path) == 0
    for given, words in (
        (("googlenet", path), "has the weights of released:NIN, not of googlenet"),
        (("googlenet", tmp_path / "gone"), "not found; make it with the step start_weights"),
    ):
        images = (training_manifest, tiny_world)
        assert fine_tune(tmp_path / "x.safetensors", *images, *given, "googlenet_gap") == 1
        assert words in capsys.readouterr().err.splitlines()[-1]
