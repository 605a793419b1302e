import pytest
import torch

from pipeline_lib.common.errors import InputError
from pipeline_lib.networks.artefact import load_network, save_network
from pipeline_lib.networks.card import NetworkCard, Preprocessing
from pipeline_lib.networks.class_maps import ClassMapNetwork, class_maps
from pipeline_lib.networks.registry import ARCHITECTURES, build

# The paper's mapping resolutions (section 3.1): 14x14 after the added convolution, 7x7 for
# GoogLeNet itself, 6x6 for NIN.
RESOLUTIONS = {"googlenet": 7, "googlenet_gap": 14, "googlenet_gmp": 14, "nin": 6}
SMALL = {"width": 0.125, "stem_pool": False}
every_architecture = pytest.mark.parametrize("architecture", ARCHITECTURES)


def test_every_architecture_has_a_known_mapping_resolution():
    assert set(RESOLUTIONS) == set(ARCHITECTURES)


@every_architecture
@pytest.mark.parametrize(("side", "options"), [(224, {}), (112, SMALL)], ids=["full", "small"])
def test_mapping_resolution_is_the_papers(architecture, side, options):
    torch.manual_seed(0)
    network = ClassMapNetwork(build(architecture, 10, options), (side, side), architecture)
    with torch.inference_mode():
        maps, logits = network(torch.randn(1, 3, side, side))
    assert maps.shape[2:] == (RESOLUTIONS[architecture],) * 2
    assert logits.shape == (1, 10)


def test_the_added_convolution_has_1024_channels_and_the_trunk_832():
    network = build("googlenet_gap", 1000, {})
    convolution = network.head.conv[0]
    assert (convolution.in_channels, convolution.out_channels) == (832, 1024)
    assert network.head.linear.weight.shape == (1000, 1024)


@every_architecture
def test_pooling_a_class_map_gives_the_class_score(architecture):
    torch.manual_seed(1)
    network = ClassMapNetwork(build(architecture, 7, SMALL), (112, 112), architecture)
    with torch.inference_mode():
        maps, logits = network(torch.randn(3, 3, 112, 112))
        everything = torch.arange(7).expand(3, 7)
        found = class_maps(maps, network.weights, everything)
    if network.weights is None:
        scores, bias = found.mean((2, 3)), torch.zeros(7)
    else:
        linear = network.modules_by_name[network.found.linear]
        bias = linear.bias
        if network.found.pool == "avg":
            scores = found.mean((2, 3))
        else:  # with max pooling, the score takes each channel where it is highest
            peaks = maps.flatten(2).max(dim=2).values
            scores = torch.stack([(linear.weight[c] * peaks).sum(1) for c in range(7)], 1)
    torch.testing.assert_close(scores + bias, logits, rtol=1e-4, atol=1e-4)


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
    classifier = build(architecture, 4, SMALL).eval()
    card = NetworkCard("x", "trained", architecture, SMALL, list("abcd"), Preprocessing((112, 112)))
    save_network(tmp_path / "x.safetensors", card, classifier.state_dict())
    again, read = load_network(tmp_path / "x.safetensors")
    images = torch.randn(2, 3, 112, 112)
    with torch.inference_mode():
        assert torch.equal(classifier(images), again(images))
    assert read.classes == list("abcd")
    assert tuple(read.preprocessing.size) == (112, 112)


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
    [("alexnot", {}, "alexnot"), ("nin", {"widht": 1}, "widht")],
)
def test_an_unknown_architecture_or_option_is_named(architecture, options, named):
    with pytest.raises(InputError, match=named):
        build(architecture, 10, options)
