"""Networks without a head: their features are the mean of the maps that an SVM's weights are put on."""

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import load_file, save_file

from pipeline_lib.common.errors import InputError
from pipeline_lib.features.feature_network import FeatureNetwork
from pipeline_lib.localization.explainers import linear_explainer, network_explainer
from pipeline_lib.networks.adoption import adopt, adopt_trunk
from pipeline_lib.networks.artefact import load_network, save_network
from pipeline_lib.steps.networks import adopt as step

VIT = "test_vit"  # timm's own, of 160 x 160 pixels and 64 channels
CASES = [VIT, "resnet18", "test_efficientnet"]


@pytest.fixture
def weights(tmp_path):
    """Return a function that writes random weights of a network, with its head or without."""

    def write(name, **options):
        torch.manual_seed(3)
        classifier = timm.create_model(name, pretrained=False, **options)
        for parameter in classifier.parameters():  # norms that start as the identity would hide one
            parameter.data += 0.02 * torch.randn_like(parameter)
        save_file(classifier.state_dict(), tmp_path / f"{name}.safetensors")
        return tmp_path

    return write


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("head", [{}, {"num_classes": 0}], ids=["with a head", "without"])
def test_features_are_timms_own_mean_of_places(weights, name, head):
    trunk, card = adopt_trunk(name, None, weights(name, **head))
    assert card.classes == [] and card.source == "timm"
    images = torch.randn(2, 3, *card.preprocessing.size)
    network = FeatureNetwork(trunk, card.preprocessing.size)
    theirs = timm.create_model(name, pretrained=False, **head).eval()
    theirs.load_state_dict(load_file(weights(name, **head) / f"{name}.safetensors"))
    with torch.inference_mode():
        features, places = network(images), theirs.forward_features(images)
    tokens = places[:, 1:].mean(1) if name == VIT else places.mean((2, 3))
    torch.testing.assert_close(features, tokens, rtol=1e-4, atol=1e-5)


def test_the_mean_of_an_svms_map_over_the_tokens_is_its_value(weights, tmp_path):
    trunk, card = adopt_trunk(VIT, None, weights(VIT))
    save_network(tmp_path / "net.safetensors", card, trunk.state_dict())
    trunk, card = load_network(tmp_path / "net.safetensors")
    rng = np.random.default_rng(0)
    svm = {"weights": rng.normal(size=(3, 64)).astype("f4"), "bias": np.ones(3, np.float32)}
    explainer = linear_explainer(
        trunk, card, **svm, normalised=False, class_labels=["a", "b", "c"], fingerprint="0"
    )
    images = torch.randn(2, 3, 160, 160)
    values, maps_of = explainer.network.explain(images)
    maps = maps_of(torch.arange(3).expand(2, 3))
    assert maps.shape == (2, 3, 10, 10)
    torch.testing.assert_close(maps.mean((2, 3)) + 1, values, rtol=1e-4, atol=1e-4)


def test_a_trunk_is_refused_where_it_has_no_such_maps_or_names_classes(weights, tmp_path):
    with pytest.raises(InputError, match="convnext_atto: has no class maps"):  # a norm comes after
        adopt_trunk("convnext_atto", None, weights("convnext_atto"))
    with pytest.raises(InputError, match="only a network of timm"):
        adopt_trunk("squeezenet1_0", "torchvision", tmp_path)
    trunk, card = adopt_trunk(VIT, None, weights(VIT))
    with pytest.raises(InputError, match="test_vit: has no head"):
        network_explainer(trunk, card)


def test_published_weights_without_a_head_ask_for_one(tmp_path):
    with pytest.raises(InputError, match=r"dinov2: .* no classifying head.*\.head to svm"):
        adopt("vit_small_patch14_dinov2", None, tmp_path)


def test_the_step_takes_no_classes_for_a_network_without_a_head(weights, tmp_path, capsys):
    flags = ["--network", VIT, "--weights-folder", str(weights(VIT)), "--without-head"]
    out = tmp_path / "net.safetensors"
    assert step.main([*flags, "--labels", "x.txt", "--out", str(out)]) == 1
    assert "--labels" in capsys.readouterr().err
    assert step.main([*flags, "--out", str(out)]) == 0
    assert load_network(out)[1].classes == []
