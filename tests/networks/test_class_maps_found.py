"""Where the class maps of any library's classifier are, and the authors' own numbers."""

import numpy as np
import pytest
import scipy.io
import torch
from torch import nn

from pipeline_lib.common.errors import InputError
from pipeline_lib.networks.class_maps import ClassMapNetwork, class_maps
from pipeline_lib.networks.pretrained import build_by_name, input_of, library_of


@pytest.mark.parametrize(
    ("name", "library", "linear", "channels"),
    [
        ("resnet18", "timm", "fc", 512),
        ("tf_efficientnet_lite0", "timm", "classifier", 1280),
        ("squeezenet1_0", "torchvision", None, 1000),
        ("googlenet", "torchvision", "fc", 1024),
        ("densenet121", "torchvision", "classifier", 1024),  # its last ReLU is no module
        ("mobilenet_v2", "torchvision", "classifier.1", 1280),
    ],
)
def test_the_layer_before_global_pooling_is_found(name, library, linear, channels):
    torch.manual_seed(0)
    size, _, _ = input_of(name, library)
    network = ClassMapNetwork(build_by_name(name, library), size, name)
    assert network.found.linear == linear
    with torch.inference_mode():
        maps, logits = network(torch.randn(1, 3, *size))
        found = class_maps(maps, network.weights, torch.arange(1000)[None])
    assert maps.shape[1] == channels
    bias = 0 if linear is None else network.modules_by_name[linear].bias
    torch.testing.assert_close(found.mean((2, 3)) + bias, logits, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", ["vgg16", "mobilenetv3_small_100", "vit_tiny_patch16_224"])
def test_a_network_without_class_maps_is_refused_by_name(name):
    library = library_of(name)
    with pytest.raises(InputError, match=name):
        ClassMapNetwork(build_by_name(name, library), (224, 224), name)


def test_a_nonlinear_layer_after_pooling_is_not_mistaken_for_class_maps():
    torch.manual_seed(0)
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Hardswish(), nn.Linear(8, 5)]
    classifier = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), *head)
    with pytest.raises(InputError, match="no class maps"):
        ClassMapNetwork(classifier, (16, 16), "squashed")


def test_an_unknown_name_is_refused():
    with pytest.raises(InputError, match="resnet5000"):
        library_of("resnet5000")


def test_the_authors_activations_and_weights_give_the_authors_scores(real_data):
    folder = real_data / "cam_authors"
    weights = scipy.io.loadmat(folder / "data_net.mat")["weights_LR"].T  # (1000, 1024)
    image = scipy.io.loadmat(folder / "data_img1.mat")
    activations = image["activation_lastconv"].transpose(3, 2, 0, 1)  # (10, 1024, 14, 14)
    stored = image["scores"].squeeze().T  # (10, 1000), after the softmax
    everything = torch.arange(1000).expand(10, 1000)
    maps = class_maps(
        torch.from_numpy(np.ascontiguousarray(activations)),
        torch.from_numpy(np.ascontiguousarray(weights)),
        everything,
    )
    assert maps.shape == (10, 1000, 14, 14)
    scores = maps.mean((2, 3)).softmax(1).numpy()
    assert np.abs(scores - stored).max() < 1e-3
    assert (scores.argmax(1) == stored.argmax(1)).all()
