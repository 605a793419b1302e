"""Which layer the features are of: every network of ours, and some of each library."""

import pytest
import timm
import torch
from torch import nn
from torchvision.models import get_model
from torchvision.models.feature_extraction import create_feature_extractor

from pipeline_lib.features.feature_network import POOLED, FeatureNetwork
from pipeline_lib.networks.pretrained import build_by_name
from pipeline_lib.networks.registry import ARCHITECTURES, build

# What section 4 of the paper names, as channels at full width, and as the layer that reads them.
READS = {
    "alexnet": (4096, "head.fc8"),
    "googlenet": (1024, "head.fc"),
    "googlenet_gap": (1024, "head.linear"),
    "nin": (10, POOLED),
}


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_features_of_our_networks_are_what_the_last_layer_reads(architecture):
    torch.manual_seed(0)
    classifier = build(architecture, 10, {"width": 0.125, "half_input": True})
    for parameter in classifier.parameters():  # else dropout and zero biases hide mistakes
        nn.init.normal_(parameter, std=0.05)
    side = 115 if architecture.startswith("caffe_alexnet") else 112
    network = FeatureNetwork(classifier, (side, side))
    images = torch.randn(3, 3, side, side)
    with torch.inference_mode():
        features, logits = network(images), classifier(images)
        if architecture in READS:
            width, layer = READS[architecture]
            assert network.layer == layer
            assert features.shape == (3, width if layer == POOLED else width // 8)
        if network.layer == POOLED:
            assert torch.equal(features, logits)
            return
        linear = classifier.get_submodule(network.layer)
        torch.testing.assert_close(linear(features), logits)
        parent, _, name = network.layer.rpartition(".")
        setattr(classifier.get_submodule(parent), name, nn.Identity())
        assert torch.equal(features, classifier(images))


def test_features_are_the_same_each_time_in_spite_of_dropout():
    classifier = build("alexnet", 10, {"width": 0.125, "half_input": True}).train()
    network, images = FeatureNetwork(classifier, (112, 112)), torch.randn(2, 3, 112, 112)
    assert torch.equal(network(images), network(images))


@pytest.mark.parametrize("name", ["test_resnet", "test_vit", "test_efficientnet", "test_convnext"])
def test_timm_calls_them_pre_logits(name):
    torch.manual_seed(0)
    classifier = timm.create_model(name, pretrained=False).eval()
    side = classifier.pretrained_cfg["input_size"][1]
    images = torch.randn(2, 3, side, side)
    network = FeatureNetwork(classifier, (side, side))
    with torch.inference_mode():
        expected = classifier.forward_head(classifier.forward_features(images), pre_logits=True)
        torch.testing.assert_close(network(images), expected.flatten(1))
    assert expected.std() > 0


@pytest.mark.parametrize(
    ("name", "node", "channels"),
    [
        ("alexnet", "classifier.5", 4096),
        ("googlenet", "avgpool", 1024),
        ("squeezenet1_1", "classifier.3", 1000),
        ("resnet18", "avgpool", 512),
    ],
)
def test_torchvisions_feature_extractor_gives_the_same(name, node, channels):
    torch.manual_seed(0)
    classifier = build_by_name(name, "torchvision").eval()
    images = torch.randn(2, 3, 96, 96)
    options = {"init_weights": False, "transform_input": True} if name == "googlenet" else {}
    theirs = get_model(name, weights=None, **options)
    theirs.load_state_dict(classifier.state_dict(), strict=False)
    extractor = create_feature_extractor(theirs.eval(), {node: "features"})
    with torch.inference_mode():
        expected = extractor(images)["features"].flatten(1)
        features = FeatureNetwork(classifier, (96, 96))(images)
    assert features.shape == (2, channels)
    torch.testing.assert_close(features, expected)
