"""The method that is chosen, and one pass over images against the same computed by hand."""

import typing
import weakref

import numpy as np
import pytest
import torch
import torchvision
from PIL import Image
from torch import nn

from pipeline_lib.common.errors import InputError
from pipeline_lib.localization.explainers import network_explainer
from pipeline_lib.localization.forward import predict
from pipeline_lib.localization.predictions import METHODS, PIXEL_METHODS, network_of
from pipeline_lib.networks.activation_maps import ActivationMaps
from pipeline_lib.networks.activation_methods import ACTIVATION_METHODS
from pipeline_lib.networks.card import NetworkCard, Preprocessing
from pipeline_lib.networks.class_maps import ClassMapNetwork
from pipeline_lib.networks.gradients import Backprop, IntegratedGradients, SmoothGrad
from pipeline_lib.study.configuration.networks import MapMethod
from tests.stored import stored

SIZE, WARPED = (24, 32), (30, 38)
MEAN, STD = (0.4, 0.5, 0.6), (0.2, 0.25, 0.3)
PREPROCESSING = Preprocessing(SIZE, MEAN, STD, WARPED)
CLASSES = 7
TRUTH = np.array([6, -1, 2])  # the second is unknown
ROWS = {
    "backprop": "Backprop on net",
    "smooth-grad": "SmoothGrad on net",
    "integrated-gradients": "Integrated gradients on net",
}


def pooled():
    """A network with class maps of 12x16, and scores that differ from image to image."""
    torch.manual_seed(0)
    trunk = [nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.ReLU()]
    classifier = nn.Sequential(*trunk, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, CLASSES))
    with torch.no_grad():
        for parameter in classifier.parameters():
            parameter.mul_(4)
    return classifier.eval()


def card_of(name="net", preprocessing=PREPROCESSING):
    """A card with what an explainer needs of it."""
    return NetworkCard(name, "trained", "", {}, [f"n{k}" for k in range(CLASSES)], preprocessing)


def explainer_of(classifier, method=None, layer=None):
    return network_explainer(classifier, card_of(), method, layer)


@pytest.mark.parametrize(
    ("method", "layer", "kind", "expected"),
    [
        (None, None, ClassMapNetwork, "cam"),
        ("cam", None, ClassMapNetwork, "cam"),
        ("grad-cam", None, ActivationMaps, "grad-cam"),
        ("grad-cam", "0", ActivationMaps, "grad-cam"),
        (None, "0", ActivationMaps, "grad-cam"),
        *((method, None, ActivationMaps, method) for method in ACTIVATION_METHODS),
        ("layer-cam", "0", ActivationMaps, "layer-cam"),
        ("backprop", None, Backprop, "backprop"),
        ("smooth-grad", None, SmoothGrad, "smooth-grad"),
        ("integrated-gradients", None, IntegratedGradients, "integrated-gradients"),
    ],
)
def test_a_network_with_class_maps_is_explained_by_the_given_method(method, layer, kind, expected):
    explainer = explainer_of(pooled(), method, layer)
    assert type(explainer.network) is kind
    assert explainer.method == expected
    assert explainer.name == ROWS.get(method, "net")
    assert network_of(explainer.name) == "net"
    assert explainer.layer == ((layer or "1") if kind is ActivationMaps else None)
    if kind is ActivationMaps:
        assert explainer.network.methods == [ACTIVATION_METHODS[expected]]


def test_alexnet_has_no_class_maps_and_is_explained_by_grad_cam():
    classifier = torchvision.models.AlexNet(num_classes=CLASSES)
    card = card_of("alexnet", Preprocessing((64, 64)))
    explainer = network_explainer(classifier, card)
    assert (type(explainer.network), explainer.method) == (ActivationMaps, "grad-cam")
    assert explainer.network.layer == "features.11"  # conv5's ReLU, before the pooling
    with pytest.raises(InputError, match="alexnet: has no class maps"):
        network_explainer(classifier, card, "cam")


@pytest.mark.parametrize("method", ["cam", *PIXEL_METHODS])
def test_a_method_without_layers_and_an_unknown_one_are_refused_in_a_line(method):
    with pytest.raises(InputError, match=f"^net: {method} takes no layer; .*grad-cam$"):
        explainer_of(pooled(), method, "0")
    with pytest.raises(InputError, match=r"^net: 'gradcam' is not one of .* mean grad-cam\?$"):
        explainer_of(pooled(), "gradcam")


def test_every_method_has_its_place():
    assert ("cam", *ACTIVATION_METHODS, *PIXEL_METHODS) == METHODS
    assert typing.get_args(MapMethod) == ("cam", *ACTIVATION_METHODS)


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    """Three images for one crop and three for ten, already warped, and what is in them."""
    folder = tmp_path_factory.mktemp("photographs")
    rng = np.random.default_rng(1)
    pixels = {}
    for crops, (height, width) in ((1, SIZE), (10, WARPED)):
        coarse = rng.integers(0, 256, (3, 5, 6, 3), np.uint8)
        for n in range(3):
            image = Image.fromarray(coarse[n]).resize((width, height), Image.Resampling.BILINEAR)
            image.save(folder / f"{crops}-{n}.png")
            pixels[crops, n] = np.array(image)
    return folder, pixels


def run(photographs, method, crops, classifier=None, **options):
    """The arrays of all batches, one after the other."""
    explainer = explainer_of(classifier or pooled(), method)
    paths = [f"{crops}-{n}.png" for n in range(3)]
    device = torch.device("cpu")
    options = {"crops": crops, "batch": 32, "workers": 0, "device": device} | options
    batches = list(predict(explainer, stored(photographs[0], paths), TRUTH, **options))
    return {key: np.concatenate([batch[key] for batch in batches]) for key in batches[0]}


def inputs_by_hand(photographs, crops, n):
    """(crops, 3, 24, 32): the whole image, or four corners, the centre and their mirror images."""
    pixels = photographs[1][crops, n]
    places = [(0, 0), (0, 6), (6, 0), (6, 6), (3, 3)] if crops == 10 else [(0, 0)]
    parts = [pixels[y : y + 24, x : x + 32] for y, x in places]
    if crops == 10:
        parts += [np.fliplr(part) for part in parts]
    scaled = [(part / 255 - MEAN) / STD for part in parts]
    return torch.tensor(np.stack(scaled), dtype=torch.float32).permute(0, 3, 1, 2)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("crops", [1, 10])
def test_scores_are_the_mean_of_the_crops_softmaxes(photographs, method, crops):
    found = run(photographs, method, crops)
    assert found["classes"].shape == found["scores"].shape == (3, 5)
    for n in range(3):
        with torch.no_grad():
            logits = pooled()(inputs_by_hand(photographs, crops, n))
        scores = logits.softmax(1).mean(0).numpy()
        if crops == 10:  # the mean of the logits would be something else
            assert np.abs(logits.mean(0).softmax(0).numpy() - scores).max() > 1e-3
        order = np.argsort(-scores)[:5]
        assert found["classes"][n].tolist() == order.tolist()
        np.testing.assert_allclose(found["scores"][n], scores[order], rtol=1e-4)


@pytest.mark.parametrize("crops", [1, 10])
def test_the_class_maps_are_those_of_every_crop_and_of_each_guess(photographs, crops):
    found, classifier = run(photographs, "cam", crops), pooled()
    assert found["maps"].shape == (3, 5, crops, 12, 16)
    assert found["true_map"].shape == (3, crops, 12, 16)
    assert found["maps"].dtype == found["true_map"].dtype == np.float32
    for n in range(3):
        with torch.no_grad():
            trunk = classifier[:2](inputs_by_hand(photographs, crops, n))
        maps = torch.tensordot(classifier[4].weight.detach(), trunk, ([1], [1])).numpy()
        for rank, label in enumerate(found["classes"][n]):
            np.testing.assert_allclose(found["maps"][n, rank], maps[label], rtol=1e-3, atol=1e-4)
        expected = maps[TRUTH[n]] if TRUTH[n] >= 0 else np.zeros((crops, 12, 16))
        np.testing.assert_allclose(found["true_map"][n], expected, rtol=1e-3, atol=1e-4)


def test_grad_cams_planes_are_laid_out_like_class_maps(photographs):
    # behind average pooling they are the positive part of them, by the number of places
    maps, found = (run(photographs, method, 10) for method in ("cam", "grad-cam"))
    for key in ("maps", "true_map"):
        expected = np.maximum(maps[key], 0) / (12 * 16)
        np.testing.assert_allclose(found[key], expected, rtol=1e-3, atol=1e-6)


def curved():
    """A network whose gradient differs from pixel to pixel and from image to image."""
    torch.manual_seed(6)
    trunk = [nn.Conv2d(3, 6, 5, stride=2), nn.Tanh(), nn.Conv2d(6, 4, 3, stride=2), nn.ReLU()]
    return nn.Sequential(*trunk, nn.Flatten(), nn.Linear(4 * 4 * 6, CLASSES)).eval()


@pytest.mark.parametrize("crops", [1, 10])
def test_backprops_planes_are_the_strongest_channel_and_the_sum(photographs, crops):
    found, classifier = run(photographs, "backprop", crops, curved()), curved()
    height, width = SIZE if crops == 1 else WARPED
    assert found["maps"].shape == (3, 0, 2, height, width)  # for the true class alone
    assert found["true_map"].shape == (3, 2, height, width)
    assert found["true_map"].dtype == np.float16
    places = [(0, 0), (0, 6), (6, 0), (6, 6), (3, 3)] if crops == 10 else [(0, 0)]
    for n in (0, 2):
        inputs = inputs_by_hand(photographs, crops, n).requires_grad_()
        classifier(inputs)[:, TRUTH[n]].sum().backward()
        gradients = (inputs.grad / torch.tensor(STD).view(3, 1, 1)).abs().numpy()
        strongest, total, covered = np.zeros((3, height, width))
        for crop in range(crops):
            y, x = places[crop % 5]
            here = (slice(y, y + 24), slice(x, x + 32))
            plane = gradients[crop] if crop < 5 else gradients[crop][:, :, ::-1]
            strongest[here] += plane.max(0)
            total[here] += plane.sum(0)
            covered[here] += 1
        strongest /= covered
        for plane, expected in zip(found["true_map"][n], (strongest, total), strict=True):
            np.testing.assert_allclose(plane, expected / expected.max(), rtol=2e-3, atol=1e-4)
            assert plane.max() == 1
    assert not found["true_map"][1].any()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("crops", [1, 10])
def test_the_size_of_a_batch_changes_nothing(photographs, method, crops):
    whole = run(photographs, method, crops, batch=1000)
    for batch in (1, 2 * crops):  # one image a batch; two and the last
        found = run(photographs, method, crops, batch=batch)
        assert (found["classes"] == whole["classes"]).all()
        for key in ("scores", "maps", "true_map"):
            tolerance = 2e-3 if method in PIXEL_METHODS else 1e-5
            np.testing.assert_allclose(found[key], whole[key], rtol=1e-3, atol=tolerance)


@pytest.mark.parametrize("method", PIXEL_METHODS)
def test_every_gradient_by_the_pixels_has_the_planes_of_backprop(photographs, method):
    found = run(photographs, method, 1, curved())
    network = explainer_of(curved(), method).network
    assert found["maps"].shape == (3, 0, 2, *SIZE)
    assert found["true_map"].dtype == np.float16
    for n in (0, 2):
        _, maps_of = network.explain(inputs_by_hand(photographs, 1, n))
        values = maps_of(torch.tensor([[TRUTH[n]]]))[0, 0].abs().numpy()
        for plane, expected in zip(
            found["true_map"][n], (values.max(0), values.sum(0)), strict=True
        ):
            np.testing.assert_allclose(plane, expected / expected.max(), rtol=2e-3, atol=1e-4)
    assert not found["true_map"][1].any()


def most_kept(photographs, method, batch):
    """The most tensors, times the images of each, that graphs keep at one time."""
    live = peak = 0

    def freed(images):
        nonlocal live
        live -= images

    def keep(tensor):
        nonlocal live, peak
        images = batch if tensor.dim() == 4 and len(tensor) == batch else 0  # not weights
        live += images
        peak = max(peak, live)
        token = np.empty(0)  # lives as long as the graph
        weakref.finalize(token, freed, images)
        return token, tensor.detach()  # a layer's own output would hold its graph

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda kept: kept[1]):
        run(photographs, method, 1, curved(), batch=batch)
    return peak


@pytest.mark.parametrize("method", PIXEL_METHODS)
def test_a_gradients_graph_is_gone_before_the_next_batch_or_sample_begins(photographs, method):
    one = most_kept(photographs, method, 1)
    assert 0 < one == most_kept(photographs, "backprop", 1)
    assert most_kept(photographs, method, 3) == 3 * one


def test_batches_come_one_at_a_time(photographs):
    paths = [f"1-{n}.png" for n in range(3)] + ["gone.png"]
    truth, options = np.append(TRUTH, 0), {"crops": 1, "batch": 2, "workers": 0}
    batches = predict(explainer_of(pooled()), stored(photographs[0], paths), truth, **options)
    assert len(next(batches)["classes"]) == 2  # the fourth has not been opened yet
    with pytest.raises(InputError, match=r"gone\.png"):
        next(batches)


@pytest.mark.parametrize("crops", [0, 2, 5, 11])
def test_another_number_of_crops_is_refused(photographs, crops):
    options = {"crops": crops, "batch": 32, "workers": 0}
    with pytest.raises(InputError, match=f"{crops} crops"):
        list(
            predict(
                explainer_of(pooled()), stored(photographs[0], ["1-0.png"]), TRUTH[:1], **options
            )
        )


def test_a_network_of_few_classes_has_few_guesses(photographs):
    torch.manual_seed(0)
    classifier = nn.Sequential(nn.Conv2d(3, 3, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    explainer, options = explainer_of(classifier), {"crops": 1, "batch": 32, "workers": 0}
    (batch,) = predict(explainer, stored(photographs[0], ["1-0.png"]), np.array([0]), **options)
    assert batch["maps"].shape == (1, 3, 1, 22, 30)
    assert sorted(batch["classes"][0].tolist()) == [0, 1, 2]


def test_the_number_of_averaged_gradients_changes_maps_and_the_fingerprint_of_those_methods_alone():
    classifier = pooled()
    few, many = (
        network_explainer(classifier, card_of(), "smooth-grad", gradients=count) for count in (2, 9)
    )
    assert few.network.samples == 2
    assert few.fingerprint != many.fingerprint
    usual, same = (
        network_explainer(classifier, card_of(), "grad-cam", gradients=count) for count in (None, 9)
    )
    assert usual.fingerprint == same.fingerprint
