"""The last maps of networks with class maps and without."""

import numpy as np
import pytest
import torch
from torch import nn

from pipeline_lib.common.errors import InputError
from pipeline_lib.networks.class_maps import ClassMapNetwork
from pipeline_lib.networks.last_maps import last_maps
from pipeline_lib.networks.linear_maps import LinearClassMaps
from pipeline_lib.networks.pretrained import build_by_name


@pytest.mark.parametrize(
    ("library", "name", "side", "layer", "maps_of"),
    [
        ("torchvision", "alexnet", 64, "features.11", lambda output: output),
        ("timm", "convnext_atto", 64, "norm_pre", lambda output: output),
        # A class token, then 10 x 10 places.
        (
            *("timm", "test_vit", 160, "blocks.5.norm1"),
            lambda output: output[:, 1:].transpose(1, 2).unflatten(2, (10, 10)),
        ),
    ],
)
def test_without_class_maps_they_are_what_the_layer_outputs(library, name, side, layer, maps_of):
    torch.manual_seed(0)
    classifier, outputs = build_by_name(name, library), []
    network = last_maps(classifier, (side, side), name)
    assert network.map_layer.name == layer
    classifier.get_submodule(layer).register_forward_hook(lambda *args: outputs.append(args[2]))
    images = torch.randn(2, 3, side, side)
    with torch.inference_mode():
        maps, logits = network(images)
        torch.testing.assert_close(logits, classifier(images))
    expected = maps_of(outputs[0])
    torch.testing.assert_close(maps, expected)
    weights = np.random.default_rng(0).normal(size=(1, maps.shape[1]))
    values, of = LinearClassMaps(network, weights, np.ones(1), normalised=False).explain(images)
    found = of(torch.zeros(2, 1, dtype=torch.long))[:, 0]
    by_hand = (torch.from_numpy(weights[0]).float()[:, None, None] * expected).sum(1)
    torch.testing.assert_close(found, by_hand, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(values[:, 0], by_hand.mean((1, 2)) + 1, rtol=1e-4, atol=1e-4)


def test_with_class_maps_they_are_theirs():
    torch.manual_seed(0)
    classifier = build_by_name("resnet18", "torchvision")
    network = last_maps(classifier, (64, 64), "resnet18")
    assert network.map_layer == ClassMapNetwork(classifier, (64, 64), "resnet18").map_layer


def test_a_network_without_maps_is_refused():
    perceptron = nn.Sequential(nn.Flatten(), nn.Linear(192, 5))
    with pytest.raises(InputError, match="no layer outputs maps"):
        last_maps(perceptron, (8, 8), "perceptron")
