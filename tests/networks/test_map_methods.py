"""Every map method against its package: pytorch-grad-cam for activations, captum for pixels."""

import captum.attr
import numpy as np
import pytest
import pytorch_grad_cam
import timm
import torch
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from pytorch_grad_cam.utils.svd_on_activations import get_2d_projection_with_sign_correction
from torch import nn

from pipeline_lib.common.errors import InputError
from pipeline_lib.networks.activation_maps import ActivationMaps
from pipeline_lib.networks.activation_methods import ACTIVATION_METHODS, eigen_cam
from pipeline_lib.networks.gradients import Backprop, IntegratedGradients, SmoothGrad
from pipeline_lib.networks.registry import build

PACKAGES = {
    "grad-cam": pytorch_grad_cam.GradCAM,
    "grad-cam++": pytorch_grad_cam.GradCAMPlusPlus,
    "layer-cam": pytorch_grad_cam.LayerCAM,
    "x-grad-cam": pytorch_grad_cam.XGradCAM,
    "hi-res-cam": pytorch_grad_cam.HiResCAM,
    "eigen-cam": pytorch_grad_cam.EigenCAM,
}
# The layer that ours finds, and the input's (height, width). Of the transformer, the grid of tokens.
NETWORKS = {
    "resnet18": ("layer4.1.act2", (96, 128)),
    "mobilenetv3_small_050": ("blocks.5.0.aa", (96, 128)),
    "our vgg16": ("trunk.conv5_3_relu", (64, 96)),
    "test_vit": ("blocks.5.norm1", (160, 160)),
}
GRID = (10, 10)
CLASSES = torch.tensor([[3, 0, 7, 1, 9], [5, 3, 9, 2, 0]])
STD = (0.229, 0.224, 0.225)


def classifier_of(name):
    """Random weights, ten classes, and scores that differ from image to image."""
    torch.manual_seed(0)
    if name.startswith("our "):
        options = {"width": 0.125, "batch_norm": True}
        return build(name.removeprefix("our "), 10, options).eval()
    classifier = timm.create_model(name, num_classes=10).eval()
    with torch.no_grad():
        for path, values in classifier.state_dict().items():
            if path.endswith("running_var"):
                values.uniform_(0.5, 1.5)
            elif path.endswith(("bias", "running_mean")):
                values.normal_(std=0.1)
        for values in classifier.get_classifier().parameters():
            values.normal_()
    return classifier


def images_of(size, count=2):
    coarse = torch.randn(count, 3, 5, 7, generator=torch.Generator().manual_seed(1))
    return nn.functional.interpolate(coarse, size, mode="bilinear")


@pytest.fixture(scope="module", params=NETWORKS)
def case(request):
    """The name, a classifier, its layer and two images."""
    layer, size = NETWORKS[request.param]
    return request.param, classifier_of(request.param), layer, images_of(size)


def by_package(method, case):
    """The positive part of the package's (2, 5, h, w) maps, before it stretches them."""
    name, classifier, layer, images = case
    module = classifier.get_submodule(layer)
    targets = [ClassifierOutputTarget(label) for label in CLASSES.flatten().tolist()]
    places = None
    if name == "test_vit":
        places = lambda tokens: tokens[:, 1:].movedim(2, 1).unflatten(2, GRID)  # noqa: E731
    repeated = images.repeat_interleave(CLASSES.shape[1], 0)
    classifier.requires_grad_()
    with PACKAGES[method](classifier, [module], reshape_transform=places) as cam:
        cam(input_tensor=repeated, targets=targets)
        kept = cam.activations_and_grads
        (activations,) = kept.activations
        gradients = kept.gradients[0].numpy() if kept.gradients else None
        activations = activations.detach().numpy()
        if method == "eigen-cam":
            maps = get_2d_projection_with_sign_correction(activations)
            either = cam.get_cam_image(images, module, targets, activations, gradients, False)
            same = np.abs(either - maps).max((1, 2)) < np.abs(either + maps).max((1, 2))
            either[~same] *= -1
            np.testing.assert_allclose(either, maps, rtol=0, atol=1e-5 * np.abs(maps).max())
        else:
            maps = cam.get_cam_image(images, module, targets, activations, gradients, False)
    classifier.requires_grad_(False)
    return torch.from_numpy(np.maximum(maps, 0)).unflatten(0, CLASSES.shape)


def scaled(maps):
    """Each map from 0 to 1; one that is the same everywhere becomes zero."""
    low, high = maps.amin((-2, -1), keepdim=True), maps.amax((-2, -1), keepdim=True)
    return (maps - low) / torch.where(high > low, high - low, 1)


def largest(found, expected, at_least=1):
    """The largest difference of maps that are scaled to 0 to 1; so many must not be empty."""
    assert found.shape == expected.shape
    assert (expected.amax((-2, -1)) > expected.amin((-2, -1))).sum() >= at_least
    return float((scaled(found) - scaled(expected)).abs().max())


@pytest.mark.parametrize("method", ACTIVATION_METHODS)
def test_maps_of_all_classes_at_once_are_the_packages(method, case):
    name, classifier, layer, images = case
    explainer = ActivationMaps(classifier, tuple(images.shape[2:]), name, method)
    assert explainer.layer == layer
    logits, maps_of = explainer.explain(images)
    with torch.no_grad():
        torch.testing.assert_close(logits, classifier(images))
    maps = maps_of(CLASSES)
    assert not maps.requires_grad
    assert (maps >= 0).all()
    assert largest(maps, by_package(method, case), at_least=3) < 1e-4


@pytest.mark.parametrize("method", ACTIVATION_METHODS)
def test_maps_depend_neither_on_the_batch_nor_on_the_other_classes(method, case):
    name, classifier, layer, images = case
    explainer = ActivationMaps(classifier, tuple(images.shape[2:]), name, method, layer)
    together = explainer.explain(images)[1](CLASSES)
    for n in range(2):
        alone = explainer.explain(images[n : n + 1])[1](CLASSES[n : n + 1])
        assert largest(alone, together[n : n + 1]) < 1e-4
    for rank in (0, 4):
        alone = explainer.explain(images)[1](CLASSES[:, rank : rank + 1])
        torch.testing.assert_close(alone, together[:, rank : rank + 1], rtol=1e-4, atol=1e-6)


def test_an_unknown_method_is_refused_in_a_line_with_the_nearest():
    with pytest.raises(
        InputError, match=r"^net: 'gradcam\+\+' is .*; did you mean grad-cam\+\+\?$"
    ):
        ActivationMaps(nn.Conv2d(3, 5, 3), (8, 8), "net", "gradcam++")


@pytest.mark.parametrize("method", ACTIVATION_METHODS)
@pytest.mark.parametrize("activations", [0.0, 1.0, -1.0, "random"])
@pytest.mark.parametrize("gradients", [0.0, 1.0, -1.0])
def test_what_is_the_same_everywhere_gives_finite_maps(method, activations, gradients):
    maps = (
        torch.randn(2, 6, 4, 5)
        if activations == "random"
        else torch.full((2, 6, 4, 5), activations)
    )
    found = ACTIVATION_METHODS[method].maps(maps, torch.full((2, 3, 6, 4, 5), gradients))
    assert found.shape == (2, 1 if method == "eigen-cam" else 3, 4, 5)
    assert found.isfinite().all()
    if gradients == 0 and method != "eigen-cam":
        assert not found.any()


def test_eigen_cam_turns_the_place_farthest_from_zero_up_whatever_the_layers_sign():
    torch.manual_seed(4)
    activations = torch.randn(3, 6, 4, 5) * torch.rand(3, 1, 4, 5) ** 4
    maps = eigen_cam(activations, None)
    assert (maps.amax((2, 3)) >= -maps.amin((2, 3))).all()
    torch.testing.assert_close(eigen_cam(-activations, None), maps)
    # few channels or few places, the same axis
    wide = torch.cat([activations, torch.zeros(3, 60, 4, 5)], 1)
    torch.testing.assert_close(eigen_cam(wide, None), maps)


def test_eigen_cam_of_two_places_is_brighter_where_the_strongest_channel_is():
    activations = torch.tensor([[[[1.0, 0.0]], [[0.0, 5.0]]], [[[5.0, 0.0]], [[0.0, 1.0]]]])
    maps = eigen_cam(activations, None)[:, 0, 0]
    assert maps[0, 1] > 0 > maps[0, 0]
    assert maps[1, 0] > 0 > maps[1, 1]


def test_eigen_cam_of_what_is_not_finite_is_finite():
    activations = torch.randn(1, 3, 4, 5)
    activations[0, 0, 0, 0], activations[0, 1, 1, 1] = torch.nan, torch.inf
    assert eigen_cam(activations, None).isfinite().all()


def test_methods_differ():
    torch.manual_seed(2)
    activations, gradients = torch.rand(1, 8, 5, 6), torch.randn(1, 2, 8, 5, 6)
    maps = [each.maps(activations, gradients)[:, :1] for each in ACTIVATION_METHODS.values()]
    for n, one in enumerate(maps):
        for other in maps[:n]:
            assert (scaled(torch.relu(one)) - scaled(torch.relu(other))).abs().max() > 0.01


def smooth(classifier):
    return SmoothGrad(classifier, STD, samples=4)


def integrated(classifier):
    return IntegratedGradients(classifier, steps=6)


def test_smooth_grad_is_captums_mean_over_the_same_noisy_copies(case):
    _, classifier, _, images = case
    explainer = smooth(classifier)
    logits, maps_of = explainer.explain(images)
    with torch.no_grad():
        torch.testing.assert_close(logits, classifier(images))
    found = maps_of(CLASSES)
    saliency, copies = captum.attr.Saliency(classifier), list(explainer.noisy(images))
    assert len(copies) == 4
    for rank, classes in enumerate(CLASSES.T):
        signed = [saliency.attribute(copy, target=classes, abs=False).detach() for copy in copies]
        expected = torch.stack(signed).mean(0) / torch.tensor(STD).view(3, 1, 1)
        difference = float((found[:, rank] - expected).abs().max() / expected.abs().max())
        assert difference < 1e-4
    assert not found.requires_grad


def test_integrated_gradients_are_captums(case):
    _, classifier, _, images = case
    logits, maps_of = integrated(classifier).explain(images)
    with torch.no_grad():
        torch.testing.assert_close(logits, classifier(images))
    found = maps_of(CLASSES)
    package = captum.attr.IntegratedGradients(classifier)
    for rank, classes in enumerate(CLASSES.T):
        settings = {"n_steps": 6, "internal_batch_size": 2}  # as ours: rounding moves ReLUs' kinks
        expected = package.attribute(images, target=classes, **settings).detach()
        difference = float((found[:, rank] - expected).abs().max() / expected.abs().max())
        assert difference < 1e-4
    assert not found.requires_grad


def curved():
    """A network without kinks, in double precision: few points are enough for the integral."""
    torch.manual_seed(6)
    trunk = [nn.Conv2d(3, 6, 5, stride=2), nn.Tanh(), nn.Flatten()]
    return nn.Sequential(*trunk, nn.Linear(6 * 2 * 3, 10)).double()


def test_integrated_gradients_sum_to_the_score_less_that_of_the_mean_colour():
    classifier, images = curved(), images_of((8, 10)).double()
    logits, maps_of = IntegratedGradients(classifier).explain(images)
    with torch.no_grad():
        gained = (logits - classifier(torch.zeros_like(images))).gather(1, CLASSES)
    torch.testing.assert_close(maps_of(CLASSES).sum((2, 3, 4)), gained)
    assert gained.abs().min() > 1e-3


def test_the_integral_does_not_depend_on_the_scale_of_the_input():
    """Per pixel value or per normalised value: gradient times difference is the same."""
    classifier, images = curved(), images_of((8, 10)).double()
    std = torch.tensor(STD).double().view(3, 1, 1)
    pixels = nn.Sequential(Scale(1 / std), classifier)  # takes pixel values less the mean
    normalised = integrated(classifier).explain(images)[1](CLASSES)
    torch.testing.assert_close(integrated(pixels).explain(images * std)[1](CLASSES), normalised)


class Scale(nn.Module):
    """Multiplies by a tensor."""

    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, images):
        return images * self.factor


def test_the_mean_gradient_of_a_linear_network_is_its_gradient():
    torch.manual_seed(3)
    classifier = nn.Sequential(nn.Flatten(), nn.Linear(3 * 4 * 5, 10)).eval()
    images = images_of((4, 5))
    expected = Backprop(classifier, STD).explain(images)[1](CLASSES)
    torch.testing.assert_close(smooth(classifier).explain(images)[1](CLASSES), expected)
    parts = integrated(classifier).explain(images)[1](CLASSES)
    expected = expected * torch.tensor(STD).view(3, 1, 1) * images[:, None]
    torch.testing.assert_close(parts, expected)


def test_the_noise_is_of_the_images_range_and_the_same_each_time():
    images = torch.cat([images_of((40, 50), 1), 3 * images_of((40, 50), 1) + 1])
    explainer = SmoothGrad(curved(), STD, samples=3, noise=0.1)
    first, second = (torch.stack(list(explainer.noisy(images))) - images for _ in range(2))
    assert torch.equal(first, second)
    ranges = images.amax((1, 2, 3)) - images.amin((1, 2, 3))
    torch.testing.assert_close(first.std((0, 2, 3, 4)), 0.1 * ranges, rtol=0.03, atol=0)
    assert (first[0] != first[1]).any()
    other = SmoothGrad(curved(), STD, samples=3, noise=0.1, seed=1)
    assert (torch.stack(list(other.noisy(images))) - images != first).any()


@pytest.mark.parametrize("make", [smooth, integrated])
def test_gradients_do_not_depend_on_the_batch_nor_on_the_other_classes(make):
    torch.manual_seed(7)
    classifier = nn.Sequential(curved().float())
    images, classes = images_of((8, 10), 8), torch.randint(0, 10, (8, 3))
    explainer = make(classifier)
    together = explainer.explain(images)[1](classes)
    alone = [explainer.explain(images[n : n + 1])[1](classes[n : n + 1]) for n in range(8)]
    torch.testing.assert_close(torch.cat(alone), together)
    torch.testing.assert_close(explainer.explain(images)[1](classes[:, 1:2]), together[:, 1:2])
    if make is smooth:  # the noise itself to the bit
        copies = zip(explainer.noisy(images), explainer.noisy(images[5:6]), strict=True)
        assert all(torch.equal(many[5:6], one) for many, one in copies)


@pytest.mark.parametrize("make", [smooth, integrated])
def test_the_weights_get_no_gradients(make):
    explainer = make(curved())
    explainer.explain(images_of((8, 10)).double())[1](CLASSES)
    assert all(parameter.grad is None for parameter in explainer.parameters())
