"""Where the class maps of any library's classifier are, and the authors' own numbers."""

import numpy as np
import pytest
import scipy.io
import torch
from timm.models.swin_transformer import SwinTransformer
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
    size = (96, 128)
    network = ClassMapNetwork(build_by_name(name, library), size, name)
    assert network.map_layer.linear == linear
    with torch.inference_mode():
        maps, logits = network(torch.randn(1, 3, *size))
        found = class_maps(maps, network.weights, torch.arange(1000)[None])
    assert maps.shape[1] == channels
    bias = 0 if linear is None else network.modules_by_name[linear].bias
    torch.testing.assert_close(found.mean((2, 3)) + bias, logits, rtol=1e-3, atol=1e-4)


def test_maps_whose_channels_come_last_are_found():
    torch.manual_seed(0)
    blocks = {"embed_dim": 16, "depths": (1, 1), "num_heads": (1, 2), "window_size": 4}
    classifier = SwinTransformer(img_size=(48, 64), num_classes=7, **blocks)
    nn.init.normal_(classifier.head.fc.bias)
    network = ClassMapNetwork(classifier, (48, 64), "swin")
    assert network.map_layer.layout.kind == "channels last"
    assert network.map_layer.linear == "head.fc"
    images = torch.randn(2, 3, 48, 64)
    logits, maps_of = network.explain(images)
    torch.testing.assert_close(logits, classifier(images))
    found = maps_of(torch.arange(7).expand(2, 7))
    assert found.shape == (2, 7, 6, 8)  # patches of four, merged in pairs
    scores = found.mean((2, 3)) + classifier.head.fc.bias
    torch.testing.assert_close(scores, logits, rtol=1e-4, atol=1e-5)
    # at a place, the map is the class's weights times what the last layer puts out there
    last = classifier.forward_features(images)
    expected = last[1, 2, 5] @ classifier.head.fc.weight[3]
    torch.testing.assert_close(found[1, 3, 2, 5], expected)


@pytest.mark.parametrize("name", ["alexnet", "mobilenetv3_small_100", "vit_tiny_patch16_224"])
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


def test_the_input_is_what_the_released_weights_expect():
    side, half = (224, 224), (0.5, 0.5, 0.5)
    assert input_of("tf_efficientnet_lite0", "timm") == (side, half, half)
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    assert input_of("squeezenet1_0", "torchvision") == (side, mean, std)


def test_an_unknown_name_is_refused():
    with pytest.raises(InputError, match="resnet5000"):
        library_of("resnet5000")


@pytest.fixture(scope="module")
def authors(real_data):
    """Weights (1000, 1024), activations (10, 1024, 14, 14), scores after the softmax (10, 1000)."""
    folder = real_data / "cam_authors"
    weights = scipy.io.loadmat(folder / "data_net.mat")["weights_LR"].T
    image = scipy.io.loadmat(folder / "data_img1.mat")
    activations = image["activation_lastconv"].transpose(3, 2, 1, 0)  # MATLAB has the width first
    arrays = weights, activations, image["scores"].squeeze().T
    return [np.ascontiguousarray(array) for array in arrays]


def test_the_authors_activations_and_weights_give_the_authors_scores(authors):
    weights, activations, stored = authors
    everything = torch.arange(1000).expand(10, 1000)
    maps = class_maps(torch.from_numpy(activations), torch.from_numpy(weights), everything)
    assert maps.shape == (10, 1000, 14, 14)
    scores = maps.mean((2, 3)).softmax(1).numpy()
    assert np.abs(scores - stored).max() < 1e-3
    assert (scores.argmax(1) == stored.argmax(1)).all()
    ours, theirs = scores.mean(0), stored.mean(0)
    ranked = np.argsort(-theirs)
    assert (np.argsort(-ours)[:20] == ranked[:20]).all()
    assert theirs[ranked[0]] > 0.2  # a cup, and quite sure of it


def test_the_authors_map_of_a_class_is_the_weighted_sum_of_their_activations(authors):
    weights, activations, stored = authors
    top = int(stored.mean(0).argmax())
    expected = np.zeros((10, 14, 14))
    for channel in range(1024):
        expected += float(weights[top, channel]) * activations[:, channel]
    asked = torch.tensor([0, top]).expand(10, 2)
    found = class_maps(torch.from_numpy(activations), torch.from_numpy(weights), asked)
    np.testing.assert_allclose(found[:, 1], expected, rtol=1e-4, atol=1e-4 * expected.max())
