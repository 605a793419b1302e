"""Every network of the registry: shapes, mapping resolutions, class maps, saving."""

import pytest
import torch
from torch import nn

from pipeline_lib.common.errors import InputError
from pipeline_lib.networks.artefact import load_network, save_network
from pipeline_lib.networks.card import NetworkCard, Preprocessing
from pipeline_lib.networks.class_maps import ClassMapNetwork, class_maps
from pipeline_lib.networks.registry import ARCHITECTURES, build

# The paper's mapping resolutions (section 3.1), and NIN's; for the networks with fully connected
# layers, that of the last convolution.
RESOLUTIONS = {
    "alexnet": 13,
    "alexnet_gap": 13,
    "alexnetplus_gap": 11,
    "vgg16": 14,
    "vgg16_gap": 14,
    "googlenet": 7,
    "googlenet_gap": 14,
    "googlenet_gmp": 14,
    "nin": 6,
}
RESOLUTIONS |= {f"caffe_{name}": side for name, side in RESOLUTIONS.items() if name != "nin"}
# Of the networks that end in fully connected layers, the side of the maps that these read.
DENSE = {"alexnet": 6, "vgg16": 7, "caffe_alexnet": 6, "caffe_vgg16": 7}
# Channels of the maps at full width: the added convolution's, or the last layer's.
CHANNELS = {"alexnetplus_gap": 512, "caffe_alexnetplus_gap": 512, "nin": 1000}
# Parameters as the field counts them: torchvision's documentation for its own, ONNX' model zoo for
# Caffe's; NIN's snapshot has 29 MB of four bytes each.
PARAMETERS = {
    "alexnet": 61_100_840,
    "vgg16": 138_357_544,
    "googlenet": 6_624_904,
    "caffe_alexnet": 60_965_224,
    "caffe_vgg16": 138_357_544,
    "caffe_googlenet": 6_998_552,
    "nin": 7_595_176,
}
SMALL = {"width": 0.125, "half_input": True}
every_architecture = pytest.mark.parametrize("architecture", ARCHITECTURES)
every_with_class_maps = pytest.mark.parametrize(
    "architecture", [name for name in ARCHITECTURES if name not in DENSE]
)


def side_of(architecture, half):
    """The input's side: the authors' AlexNets take 227 pixels."""
    return (115 if half else 227) if architecture.startswith("caffe_alexnet") else 112 * (2 - half)


def last_convolution(classifier, images):
    """The logits and what the last convolution to run puts out."""
    outputs = []
    for module in classifier.modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(lambda _m, _a, output: outputs.append(output))
    with torch.inference_mode():
        logits = classifier(images)
    return logits, outputs[-1]


def test_every_architecture_has_a_known_mapping_resolution():
    assert set(RESOLUTIONS) == set(ARCHITECTURES)


@every_architecture
@pytest.mark.parametrize("half", [False, True], ids=["full", "half"])
def test_mapping_resolution_is_the_papers(architecture, half):
    torch.manual_seed(0)
    classifier = build(architecture, 10, {"width": 0.125, "half_input": half}).eval()
    side = side_of(architecture, half)
    logits, maps = last_convolution(classifier, torch.randn(2, 3, side, side))
    assert logits.shape == (2, 10)
    assert maps.shape[2:] == (RESOLUTIONS[architecture],) * 2


@pytest.mark.parametrize("architecture", DENSE)
@pytest.mark.parametrize("half", [False, True], ids=["full", "half"])
def test_fully_connected_layers_read_maps_of_the_originals_size(architecture, half):
    classifier = build(architecture, 10, {"width": 0.125, "half_input": half}).eval()
    side = side_of(architecture, half)
    with torch.inference_mode():
        maps = classifier.head.pool5(classifier.trunk(torch.zeros(1, 3, side, side)))
    assert maps.shape[2:] == (DENSE[architecture],) * 2


@every_architecture
def test_full_width_has_the_published_number_of_parameters_or_channels(architecture):
    with torch.device("meta"):
        classifier = build(architecture, 1000, {})
    if architecture in PARAMETERS:
        assert sum(part.numel() for part in classifier.parameters()) == PARAMETERS[architecture]
    else:
        convolution = [m for m in classifier.modules() if isinstance(m, nn.Conv2d)][-1]
        assert convolution.out_channels == CHANNELS.get(architecture, 1024)


@pytest.mark.parametrize("base", ["", "caffe_"])
@pytest.mark.parametrize(
    ("network", "channels"), [("alexnet_gap", 256), ("vgg16_gap", 512), ("googlenet_gap", 832)]
)
def test_the_cut_is_the_papers_and_the_convolution_the_released_files(base, network, channels):
    with torch.device("meta"):
        paper = build(base + network, 1000, {})
        released = build(base + network, 1000, {"groups": 2})
    for classifier, groups in ((paper, 1), (released, 2)):
        convolution = [m for m in classifier.modules() if isinstance(m, nn.Conv2d)][-1]
        assert convolution.weight.shape == (1024, channels // groups, 3, 3)
        assert [m for m in classifier.modules() if isinstance(m, nn.Linear)][-1].in_features == 1024


@every_with_class_maps
def test_pooling_a_class_map_gives_the_class_score(architecture):
    torch.manual_seed(1)
    side = side_of(architecture, half=True)
    network = ClassMapNetwork(build(architecture, 7, SMALL).eval(), (side, side), architecture)
    with torch.inference_mode():
        maps, logits = network(torch.randn(3, 3, side, side))
        everything = torch.arange(7).expand(3, 7)
        found = class_maps(maps, network.weights, everything)
    assert found.shape[2:] == (RESOLUTIONS[architecture],) * 2
    if network.weights is None:
        scores, bias = found.mean((2, 3)), torch.zeros(7)
    else:
        linear = network.modules_by_name[network.map_layer.linear]
        bias = linear.bias
        if network.map_layer.pool == "avg":
            scores = found.mean((2, 3))
        else:  # with max pooling, the score takes each channel where it is highest
            peaks = maps.flatten(2).max(dim=2).values
            scores = torch.stack([(linear.weight[c] * peaks).sum(1) for c in range(7)], 1)
    assert (network.map_layer.pool == "max") == architecture.endswith("gmp")
    torch.testing.assert_close(scores + bias, logits, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("architecture", DENSE)
def test_fully_connected_networks_have_no_class_maps(architecture):
    side = side_of(architecture, half=True)
    with pytest.raises(InputError, match="no class maps"):
        ClassMapNetwork(build(architecture, 7, SMALL), (side, side), architecture)


def test_class_maps_are_the_weighted_sum_of_equation_2_term_by_term():
    generator = torch.Generator().manual_seed(2)
    maps = torch.randn(2, 5, 3, 4, generator=generator)
    weights = torch.randn(6, 5, generator=generator)
    classes = torch.tensor([[4, 0], [1, 5]])
    found = class_maps(maps, weights, classes)
    for n in range(2):
        for k in range(2):
            expected = torch.zeros(3, 4)
            for channel in range(5):
                expected += weights[classes[n, k], channel] * maps[n, channel]
            torch.testing.assert_close(found[n, k], expected)


def test_where_channels_are_classes_the_map_of_class_c_is_channel_c():
    maps = torch.arange(24.0).reshape(1, 6, 2, 2)
    found = class_maps(maps, None, torch.tensor([[5, 2]]))
    assert torch.equal(found[0], maps[0, [5, 2]])


@every_architecture
def test_a_saved_network_comes_back_the_same(architecture, tmp_path):
    torch.manual_seed(3)
    side = side_of(architecture, half=True)
    classifier = build(architecture, 4, SMALL).eval()
    source = "caffe" if architecture.startswith("caffe_") else "trained"
    card = NetworkCard("x", source, architecture, SMALL, list("abcd"), Preprocessing((side, side)))
    save_network(tmp_path / "x.safetensors", card, classifier.state_dict())
    again, read = load_network(tmp_path / "x.safetensors")
    images = torch.randn(2, 3, side, side)
    with torch.inference_mode():
        assert torch.equal(classifier(images), again(images))
    assert read.classes == list("abcd")
    assert tuple(read.preprocessing.size) == (side, side)


@pytest.mark.parametrize(
    "architecture", ["alexnet", "alexnet_gap", "alexnetplus_gap", "vgg16", "vgg16_gap", "nin"]
)
def test_batch_norm_normalises_every_convolution_of_the_trunk(architecture):
    classifier = build(architecture, 4, {**SMALL, "batch_norm": True})
    convolutions = [m for m in classifier.trunk.modules() if isinstance(m, nn.Conv2d)]
    norms = [m for m in classifier.trunk.modules() if isinstance(m, nn.BatchNorm2d)]
    assert [norm.num_features for norm in norms] == [c.out_channels for c in convolutions]
    assert not any(isinstance(m, nn.BatchNorm2d) for m in build(architecture, 4, SMALL).modules())
    loss = nn.functional.cross_entropy(classifier(torch.randn(4, 3, 112, 112)), torch.arange(4))
    loss.backward()
    assert all(part.grad is not None for part in classifier.parameters())


@pytest.mark.parametrize(
    ("architecture", "dropout"),
    [("vgg16_gap", 0.5), ("alexnetplus_gap", 0.5), ("googlenet_gap", 0.0)],
)
@pytest.mark.parametrize("base", ["", "caffe_"])
def test_dropout_is_the_authors_and_can_be_changed(base, architecture, dropout):
    def rates(options):
        classifier = build(base + architecture, 4, {"width": 0.125, **options})
        return [m.p for m in classifier.head.modules() if isinstance(m, nn.Dropout)]

    assert rates({}) == [dropout]
    assert rates({"dropout": 0.25}) == [0.25]


def test_weights_that_are_not_the_cards_are_refused(tmp_path):
    card = NetworkCard("x", "trained", "nin", SMALL, list("abcd"), Preprocessing((112, 112)))
    for seed in (0, 1):
        torch.manual_seed(seed)
        state = build("nin", 4, SMALL).state_dict()
        save_network(tmp_path / f"{seed}.safetensors", card, state)
    (tmp_path / "1.safetensors").replace(tmp_path / "0.safetensors")
    with pytest.raises(InputError, match=r"0\.safetensors"):
        load_network(tmp_path / "0.safetensors")


@pytest.mark.parametrize(
    ("architecture", "options", "named"),
    [
        ("alexnot", {}, "alexnot"),
        ("nin", {"widht": 1}, "widht"),
        ("caffe_vgg16", {"batch_norm": True}, "batch_norm"),
        ("vgg16_gap", {"width": 0.125, "groups": 3}, "groups"),
    ],
)
def test_an_unknown_architecture_or_option_is_named(architecture, options, named):
    with pytest.raises(InputError, match=named):
        build(architecture, 10, options)
