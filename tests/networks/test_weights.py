import os
import pickle

import pytest
import torch
import torchvision
from safetensors.torch import load_file, save_file

from pipeline_lib.common.errors import InputError
from pipeline_lib.networks.adoption import adopt
from pipeline_lib.networks.pretrained import build_by_name, packaged_state
from pipeline_lib.networks.weights import find_state, load_state, read_state


class Bomb:
    def __reduce__(self):
        return os.mkdir, (self.target,)


def test_a_pickle_that_would_run_code_is_refused_and_runs_none(tmp_path):
    Bomb.target = str(tmp_path / "exploded")
    path = tmp_path / "weights.pth"
    path.write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(InputError, match=r"weights\.pth"):
        read_state(path)
    torch.save({"weight": Bomb()}, path)
    with pytest.raises(InputError, match=r"weights\.pth"):
        read_state(path)
    assert not (tmp_path / "exploded").exists()


def test_a_truncated_file_is_refused(tmp_path):
    whole = tmp_path / "whole.safetensors"
    save_file({"a": torch.zeros(100)}, whole)
    part = tmp_path / "part.safetensors"
    part.write_bytes(whole.read_bytes()[:-7])
    with pytest.raises(InputError, match=r"part\.safetensors"):
        read_state(part)


@pytest.mark.parametrize("change", ["shape", "missing", "unknown"])
def test_weights_of_another_network_are_refused_by_tensor(change):
    classifier = torch.nn.Linear(3, 2)
    state = classifier.state_dict()
    if change == "shape":
        state["weight"] = torch.zeros(5, 3)
    elif change == "missing":
        del state["weight"]
    else:
        state["weight2"] = torch.zeros(1)
    with pytest.raises(InputError, match=r"mine\.safetensors.*weight"):
        load_state(classifier, state, "mine.safetensors")


def test_the_users_weights_come_first(tmp_path):
    state = {"conv_stem.weight": torch.full((1,), 7.0)}
    save_file(state, tmp_path / "tf_efficientnet_lite0.safetensors")
    found, origin = find_state("tf_efficientnet_lite0", "timm", tmp_path)
    assert torch.equal(found["conv_stem.weight"], state["conv_stem.weight"])
    assert origin == tmp_path / "tf_efficientnet_lite0.safetensors"


def test_the_package_has_the_same_weights_as_the_safetensors(real_data):
    theirs = load_file(real_data / "weights" / "tf_efficientnet_lite0.safetensors")
    ours = packaged_state("tf_efficientnet_lite0")
    assert set(ours) == set(theirs)
    for name, tensor in theirs.items():
        torch.testing.assert_close(ours[name], tensor, rtol=0, atol=0, check_dtype=False)


def test_torchvisions_auxiliary_classifiers_are_left_out(tmp_path):
    with_auxiliary = torchvision.models.googlenet(weights=None, init_weights=False)
    assert any(key.startswith("aux1") for key in with_auxiliary.state_dict())
    save_file(with_auxiliary.state_dict(), tmp_path / "googlenet.safetensors")
    state, _ = find_state("googlenet", "torchvision", tmp_path)
    load_state(build_by_name("googlenet", "torchvision"), state, "googlenet")


def test_a_network_without_class_maps_is_adopted_too(tmp_path):
    state = build_by_name("squeezenet1_1", "torchvision").state_dict()
    save_file(state, tmp_path / "squeezenet1_1.safetensors")
    classifier, card = adopt("squeezenet1_1", "torchvision", tmp_path)
    vit = build_by_name("vit_tiny_patch16_224", "timm")
    save_file(vit.state_dict(), tmp_path / "vit_tiny_patch16_224.safetensors")
    plain, _ = adopt("vit_tiny_patch16_224", None, tmp_path)
    assert card.source == "torchvision"
    assert set(classifier.state_dict()) == set(state)
    assert torch.equal(plain.head.weight, vit.head.weight)


WRAPPED = {
    "alone": lambda state: state,
    "state_dict": lambda state: {"state_dict": state, "epoch": 3},
    "model": lambda state: {"model": state, "optimizer": {"lr": 0.1}},
    "model_state": lambda state: {"model_state": state},
    "parallel": lambda state: {f"module.{name}": tensor for name, tensor in state.items()},
    "compiled": lambda state: {f"_orig_mod.{name}": tensor for name, tensor in state.items()},
    "both, wrapped": lambda state: {
        "state_dict": {f"module._orig_mod.{name}": tensor for name, tensor in state.items()}
    },
}


@pytest.mark.parametrize("way", WRAPPED)
@pytest.mark.parametrize("suffix", [".pth", ".pt", ".bin", ".ckpt"])
def test_weights_are_read_as_training_scripts_save_them(tmp_path, way, suffix):
    state = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2)).state_dict()
    torch.save(WRAPPED[way](state), tmp_path / f"resnet18{suffix}")
    found, origin = find_state("resnet18", "timm", tmp_path)
    assert origin == tmp_path / f"resnet18{suffix}"
    assert {name: tensor.tolist() for name, tensor in found.items()} == {
        name: tensor.tolist() for name, tensor in state.items()
    }


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<!DOCTYPE html><html>", "is a web page, not weights; fetch them again"),
        (
            b"version https://git-lfs.github.com/spec/v1",
            "is a Git LFS pointer: the content was not",
        ),
        (b"", "is empty, not weights"),
        (b"\x1f\x8bxxxx", "is a gzip archive, not weights"),
    ],
)
def test_a_file_of_something_else_is_named_for_what_it_is(tmp_path, content, words, suffix):
    path = tmp_path / f"weights{suffix}"
    path.write_bytes(content)
    with pytest.raises(InputError, match=words) as error:
        read_state(path)
    assert "\n" not in str(error.value)


def test_no_advice_to_run_code_and_no_colours(tmp_path):
    import argparse

    path = tmp_path / "weights.pth"
    torch.save({"state_dict": {"a": torch.zeros(1)}, "args": argparse.Namespace(x=1)}, path)
    with pytest.raises(InputError) as error:
        read_state(path)
    message = str(error.value)
    assert "weights_only" not in message
    assert "\x1b" not in message
    assert "argparse.Namespace" in message
    assert message.endswith("save model.state_dict() alone")


def test_old_weights_without_batch_norms_counters_are_taken():
    classifier = torch.nn.BatchNorm2d(2)
    state = {
        name: t + 1 for name, t in classifier.state_dict().items() if "num_batches" not in name
    }
    load_state(classifier, state, "old.pth")
    assert classifier.running_mean.tolist() == [1, 1]
