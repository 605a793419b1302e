"""An SVM's weights in place of the last layer's, against the network they replace."""

import numpy as np
import pytest
import torch

from pipeline_lib.networks.class_maps import ClassMapNetwork
from pipeline_lib.networks.linear_maps import LinearClassMaps
from pipeline_lib.networks.registry import build

SIZE = (64, 64)


@pytest.fixture(params=["googlenet_gap", "googlenet_gmp", "nin"])
def network(request):
    torch.manual_seed(0)
    options = {"width": 0.125, "half_input": True}
    return ClassMapNetwork(build(request.param, 6, options), SIZE, request.param)


def pooled(network, images):
    maps, _ = network(images)
    return maps.amax((2, 3)) if network.map_layer.pool == "max" else maps.mean((2, 3))


@pytest.mark.parametrize("normalised", [False, True])
def test_values_are_the_classifiers_on_the_pooled_maps(network, normalised):
    images = torch.randn(3, 3, *SIZE)
    with torch.inference_mode():
        features = pooled(network, images).numpy()
    rng = np.random.default_rng(1)
    weights = rng.normal(size=(4, features.shape[1])).astype(np.float32)
    bias = rng.normal(size=4).astype(np.float32)
    values, maps_of = LinearClassMaps(network, weights, bias, normalised).explain(images)
    if normalised:
        features = features / np.linalg.norm(features, axis=1, keepdims=True)
    np.testing.assert_allclose(values, features @ weights.T + bias, rtol=1e-3, atol=1e-4)
    maps = maps_of(torch.arange(4).expand(3, 4))
    assert maps.shape[:2] == (3, 4)
    if network.map_layer.pool == "avg" and not normalised:
        np.testing.assert_allclose(maps.mean((2, 3)) + bias, values, rtol=1e-3, atol=1e-4)


def test_the_networks_own_last_layer_gives_its_own_maps():
    torch.manual_seed(0)
    network = ClassMapNetwork(build("googlenet_gap", 6, {"width": 0.125}), SIZE, "gap")
    linear = network.modules_by_name[network.map_layer.linear]
    images, classes = torch.randn(2, 3, *SIZE), torch.arange(6).expand(2, 6)
    own = LinearClassMaps(
        network, network.weights.numpy(), linear.bias.detach().numpy(), normalised=False
    )
    (logits, maps_of), (values, same_of) = network.explain(images), own.explain(images)
    torch.testing.assert_close(values, logits, rtol=1e-3, atol=1e-5)
    torch.testing.assert_close(same_of(classes), maps_of(classes))
