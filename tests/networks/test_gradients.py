"""Grad-CAM, backprop and class maps against other packages, closed forms, finite differences."""

import numpy as np
import pytest
import torch
import torchvision
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from timm.models.swin_transformer import SwinTransformer
from torch import nn
from torchcam.methods import CAM as TorchcamCam
from torchcam.methods import GradCAM as TorchcamGradCam

from pipeline_lib.common.errors import InputError
from pipeline_lib.networks.activation_maps import ActivationMaps
from pipeline_lib.networks.class_maps import ClassMapNetwork
from pipeline_lib.networks.gradients import Backprop
from pipeline_lib.networks.registry import build

# The layer to name to the packages; ours by default is the same place.
NETWORKS = {
    "resnet18": ("layer4", (64, 96)),
    "alexnet": ("features.11", (128, 96)),
    "our vgg16": ("trunk.conv5_3_relu", (64, 96)),
}
CLASSES = torch.tensor([[3, 0, 7], [5, 3, 9]])


def classifier_of(name):
    """Random weights, ten classes."""
    torch.manual_seed(0)
    if name.startswith("our "):
        options = {"width": 0.125, "batch_norm": True}
        return build(name.removeprefix("our "), 10, options).eval()
    return torchvision.models.get_model(name, num_classes=10).eval()


def images_of(size, count=2):
    return torch.randn(count, 3, *size, generator=torch.Generator().manual_seed(1))


def by_pytorch_grad_cam(classifier, layer, images, classes):
    """(n, h, w) maps, before the package stretches them to the image and to 0 to 1."""
    targets = [ClassifierOutputTarget(label) for label in classes]
    with GradCAM(model=classifier, target_layers=[layer]) as cam:
        cam(input_tensor=images, targets=targets)
        kept = cam.activations_and_grads
        (activations,), (gradients,) = kept.activations, kept.gradients
        maps = cam.get_cam_image(images, layer, targets, activations.numpy(), gradients.numpy())
    return torch.from_numpy(np.maximum(maps, 0))


def by_torchcam(classifier, layer, images, classes):
    with TorchcamGradCam(classifier, layer) as cam:
        (maps,) = cam(classes, classifier(images), normalized=False)
    return maps.detach()


def same(found, expected, at_least=1):
    """Compare maps, each by its maximum; ``at_least`` so many must not be empty."""
    top = expected.abs().amax((-2, -1), keepdim=True)
    assert (top > 0).sum() >= at_least
    top[top == 0] = 1
    torch.testing.assert_close(found / top, expected / top, rtol=0, atol=1e-4)


@pytest.fixture(scope="module", params=NETWORKS)
def case(request):
    """A classifier, the layer, images, and the maps of ``CLASSES`` that two packages find."""
    layer, size = NETWORKS[request.param]
    classifier, images = classifier_of(request.param), images_of(size)
    module = dict(classifier.named_modules())[layer]
    repeated, classes = images.repeat_interleave(3, 0), CLASSES.flatten().tolist()
    expected = [
        package(classifier, module, repeated, classes).unflatten(0, (2, 3))
        for package in (by_pytorch_grad_cam, by_torchcam)
    ]
    return classifier, layer, images, expected


@pytest.mark.parametrize("named", [True, False])
def test_grad_cam_agrees_with_two_packages(case, named):
    classifier, layer, images, expected = case
    explainer = ActivationMaps(classifier, images.shape[2:], "net", layer=layer if named else None)
    logits, maps_of = explainer.explain(images)
    torch.testing.assert_close(logits, classifier(images))
    maps = maps_of(CLASSES)
    assert not maps.requires_grad
    assert not logits.requires_grad
    for theirs in expected:
        same(maps, theirs, at_least=4)  # a class may have nothing positive


def test_class_maps_agree_with_torchcam():
    classifier, images = classifier_of("resnet18"), images_of((64, 96))
    _, maps_of = ClassMapNetwork(classifier, (64, 96), "resnet18").explain(images)
    maps = maps_of(CLASSES)
    with TorchcamCam(classifier, "layer4", "fc") as cam, torch.inference_mode():
        classifier(images)
        for k in range(3):
            (theirs,) = cam(CLASSES[:, k].tolist(), normalized=False)
            same(maps[:, k], theirs, at_least=2)
    assert maps.shape == (2, 3, 2, 3)
    assert (maps < 0).any()


def pooled(*end, maps=8):
    torch.manual_seed(5)
    trunk = [nn.Conv2d(3, 6, 3), nn.ReLU(), nn.Conv2d(6, maps, 3, stride=2)]
    return nn.Sequential(*trunk, *end)


@pytest.mark.parametrize(
    "classifier",
    [
        pooled(nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10)),
        pooled(nn.AdaptiveAvgPool2d(1), nn.Flatten(), maps=10),
        pooled(nn.ReLU(True), nn.AdaptiveAvgPool2d(1), nn.Flatten(), maps=10),
    ],
    ids=["linear layer", "channels are classes", "channels are classes, ReLU"],
)
def test_behind_average_pooling_grad_cam_is_the_positive_part_of_the_class_map(classifier):
    images = images_of((12, 16))
    _, maps_of = ClassMapNetwork(classifier, (12, 16), "pooled").explain(images)
    expected = maps_of(CLASSES)
    places = expected.shape[2] * expected.shape[3]
    assert places == 4 * 6
    _, found_of = ActivationMaps(classifier, (12, 16), "pooled").explain(images)
    torch.testing.assert_close(found_of(CLASSES), torch.relu(expected) / places)
    assert (expected > 0).any()


def small(inplace=False, classes=5):
    """Two convolutions and a hidden layer, so that the scores are no linear function of maps."""
    torch.manual_seed(2)
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1),
        nn.ReLU(inplace),
        nn.Conv2d(6, 8, 3, stride=2, padding=1),
        nn.ReLU(inplace),
        nn.Flatten(),
        nn.Linear(8 * 4 * 5, 16),
        nn.ReLU(inplace),
        nn.Linear(16, classes),
    )


def test_grad_cam_of_a_small_network_is_what_autograd_gives():
    classifier, images = small(), images_of((8, 10), 3)
    classes = torch.tensor([[0, 4], [2, 1], [3, 3]])
    _, maps_of = ActivationMaps(classifier, (8, 10), "small").explain(images)
    found = maps_of(classes)
    maps = classifier[:4](images).detach().requires_grad_()
    for n in range(3):
        for k in range(2):
            score = classifier[4:](maps)[n, classes[n, k]]
            (gradient,) = torch.autograd.grad(score, maps)
            expected = torch.zeros(4, 5)
            for channel in range(8):
                expected += gradient[n, channel].mean() * maps[n, channel].detach()
            torch.testing.assert_close(found[n, k], expected.clamp(min=0))
    assert (found > 0).any()


@pytest.mark.parametrize("layer", ["0", "1", "2", "3"])
def test_relus_in_place_change_nothing(layer):
    images, classes = images_of((8, 10)), torch.tensor([[0, 1], [2, 3]])
    kept = images.clone()
    plain, in_place = (
        ActivationMaps(small(inplace), (8, 10), "small", layer=layer).explain(images)[1](classes)
        for inplace in (False, True)
    )
    torch.testing.assert_close(in_place, plain)
    assert (plain > 0).any()
    assert torch.equal(images, kept)


def test_a_classs_map_does_not_depend_on_the_others():
    for explainer in (
        ActivationMaps(small(), (8, 10), "small"),
        Backprop(small(), (1.0, 1.0, 1.0)),
    ):
        _, maps_of = explainer.explain(images_of((8, 10)))
        both = maps_of(torch.tensor([[0, 1], [2, 3]]))
        for rank, classes in enumerate(([[0], [2]], [[1], [3]])):
            _, maps_of = explainer.explain(images_of((8, 10)))
            alone = maps_of(torch.tensor(classes))
            torch.testing.assert_close(alone, both[:, rank : rank + 1])


def test_the_graph_of_a_whole_network_is_freed():
    _, maps_of = Backprop(small(), (1.0, 1.0, 1.0)).explain(images_of((8, 10)))
    maps_of(torch.tensor([[0, 1], [2, 3]]))
    with pytest.raises(RuntimeError, match="a second time"):
        maps_of(torch.tensor([[1], [3]]))


class Square(torch.autograd.Function):
    """A layer that works in place on its way back, which PyTorch cannot do for all classes at once."""

    @staticmethod
    def forward(ctx, values):
        ctx.save_for_backward(values)
        return values**2

    @staticmethod
    def backward(ctx, gradient):
        (values,) = ctx.saved_tensors
        return (2 * values).mul_(gradient)


def test_a_layer_that_takes_no_batch_of_gradients_gets_them_one_by_one():
    def squaring(square):
        classifier = small()
        classifier[6].forward = square
        return classifier

    images, classes = images_of((8, 10)), torch.tensor([[0, 1, 4], [2, 3, 0]])
    found, expected = (
        ActivationMaps(squaring(square), (8, 10), "small", layer="3").explain(images)[1](classes)
        for square in (Square.apply, torch.square)
    )
    torch.testing.assert_close(found, expected)
    assert (expected > 0).any()


def test_the_weights_get_no_gradients():
    for explainer in (
        ActivationMaps(small(), (8, 10), "small"),
        Backprop(small(), (1.0, 1.0, 1.0)),
    ):
        explainer.explain(images_of((8, 10)))[1](torch.tensor([[0], [1]]))
        assert all(parameter.grad is None for parameter in explainer.parameters())


def test_a_layer_that_is_not_there_is_refused():
    with pytest.raises(InputError, match=r"small: has no layer 'conv9'"):
        ActivationMaps(small(), (8, 10), "small", layer="conv9")


@pytest.mark.parametrize("layer", ["5", "7"])
def test_a_layer_that_outputs_no_maps_is_refused(layer):
    with pytest.raises(InputError, match=f"small: .*{layer}"):
        ActivationMaps(small(), (8, 10), "small", layer=layer).explain(images_of((8, 10)))[1](
            torch.tensor([[0], [1]])
        )


def test_a_layer_that_does_not_run_is_refused():
    classifier = small()
    classifier.add_module("idle", nn.Conv2d(3, 3, 3))
    classifier.forward = lambda images: nn.Sequential(*list(classifier)[:-1])(images)
    with pytest.raises(InputError, match=r"small: .*idle"):
        ActivationMaps(classifier, (8, 10), "small", layer="idle").explain(images_of((8, 10)))[1](
            torch.tensor([[0], [1]])
        )


def swin():
    torch.manual_seed(0)
    blocks = {"embed_dim": 16, "depths": (1, 1), "num_heads": (1, 2), "window_size": 4}
    return SwinTransformer(img_size=64, num_classes=10, **blocks).eval()


def test_attention_is_not_taken_for_maps():
    classifier, images = swin(), images_of((64, 64))
    explainer = ActivationMaps(classifier, (64, 64), "swin")
    assert "attn" not in explainer.layer
    assert explainer.explain(images)[1](CLASSES).shape[:2] == (2, 3)


def test_grad_cam_of_a_layer_whose_channels_come_last_is_the_class_maps_positive_part():
    classifier, images = swin(), images_of((64, 64))
    expected = ClassMapNetwork(classifier, (64, 64), "swin").explain(images)[1](CLASSES)
    assert expected.shape == (2, 3, 8, 8)
    _, maps_of = ActivationMaps(classifier, (64, 64), "swin", layer="norm").explain(images)
    same(maps_of(CLASSES), torch.relu(expected) / 64, at_least=4)


def test_a_network_without_maps_is_refused():
    perceptron = nn.Sequential(nn.Flatten(), nn.Linear(3 * 80, 16), nn.ReLU(), nn.Linear(16, 5))
    with pytest.raises(InputError, match="perceptron: no layer outputs maps"):
        ActivationMaps(perceptron, (8, 10), "perceptron")


@pytest.mark.parametrize("std", [(1.0, 1.0, 1.0), (0.229, 0.224, 0.225)])
def test_the_gradient_of_a_linear_network_is_its_weights(std):
    torch.manual_seed(3)
    classifier = nn.Sequential(nn.Flatten(), nn.Linear(3 * 4 * 5, 6))
    images = images_of((4, 5))
    logits, maps_of = Backprop(classifier, std).explain(images)
    classes = torch.tensor([[0, 5], [3, 3]])
    expected = classifier[1].weight.detach()[classes].reshape(2, 2, 3, 4, 5)
    expected = expected / torch.tensor(std).view(3, 1, 1)
    torch.testing.assert_close(maps_of(classes), expected)
    torch.testing.assert_close(logits, classifier(images))
    assert not images.requires_grad


def test_backprop_is_the_change_of_the_score_when_a_pixel_changes():
    """By finite differences, in pixel values between 0 and 1, of the score before the softmax."""
    classifier, classes = small().double(), torch.tensor([[1, 4], [0, 2]])
    mean, std = ([0.485, 0.456, 0.406], (0.229, 0.224, 0.225))
    pixels = torch.rand(2, 3, 8, 10, dtype=torch.float64)

    def inputs(pixels):
        return torchvision.transforms.functional.normalize(pixels, mean, list(std))

    found = Backprop(classifier, std).explain(inputs(pixels))[1](classes)
    assert found.shape == (2, 2, 3, 8, 10)
    step = 1e-6 * torch.eye(240, dtype=torch.float64).reshape(240, 3, 8, 10)
    for n in range(2):
        up, down = (classifier(inputs(pixels[n] + way * step))[:, classes[n]] for way in (1, -1))
        slopes = ((up - down) / 2e-6).T.reshape(2, 3, 8, 10)
        torch.testing.assert_close(found[n], slopes, rtol=1e-4, atol=1e-6)
    assert (found < 0).any()


def test_explaining_does_not_depend_on_the_other_images_of_a_batch():
    images, classes = images_of((8, 10)), torch.tensor([[0, 1], [2, 3]])
    for explainer in (
        ActivationMaps(small(), (8, 10), "small"),
        Backprop(small(), (0.5, 0.5, 0.5)),
    ):
        together = explainer.explain(images)[1](classes)
        alone = [explainer.explain(images[n : n + 1])[1](classes[n : n + 1]) for n in range(2)]
        torch.testing.assert_close(torch.cat(alone), together)
        assert together.abs().max() > 0
