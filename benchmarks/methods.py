"""Maps of five classes by every method, against pytorch-grad-cam and captum.

Random images of the network's size and random weights, as in ``maps.py``. Both are given the same five
classes: ours of a batch of images at once, the packages' of one image, repeated for each class, as their
users do it. SmoothGrad and integrated gradients take few samples here, both sides as many: their time
grows with them alike.
"""

from collections.abc import Iterator
from functools import partial

import captum.attr
import numpy as np
import pytorch_grad_cam
import torch
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import nn

from benchmarks.harness import Measured, paired
from benchmarks.maps import InMemory, explainer_of, scaled
from pipeline_lib.data.loader import normalised
from pipeline_lib.localization.heat_maps import upsample
from pipeline_lib.networks.activation_maps import ActivationMaps
from pipeline_lib.networks.activation_methods import ACTIVATION_METHODS, ActivationMethod
from pipeline_lib.networks.gradients import Backprop, IntegratedGradients, SmoothGrad

NETWORKS = ("googlenet", "tf_efficientnet_lite0")
CLASSES, SAMPLES, BATCH = 5, 4, 8
FEW = 2  # images of a package
OF_ACTIVATIONS = {
    "grad-cam": pytorch_grad_cam.GradCAM,
    "grad-cam++": pytorch_grad_cam.GradCAMPlusPlus,
    "layer-cam": pytorch_grad_cam.LayerCAM,
    "x-grad-cam": pytorch_grad_cam.XGradCAM,
    "hi-res-cam": pytorch_grad_cam.HiResCAM,
    "eigen-cam": pytorch_grad_cam.EigenCAM,
}

EIGEN_CAM = ACTIVATION_METHODS["eigen-cam"]


def measure(repeats: int, quick: bool) -> Iterator[Measured]:
    """Yield a line for each network and method."""
    for name in NETWORKS[-1:] if quick else NETWORKS:
        yield from _measured(name, BATCH, repeats)


def _measured(name: str, count: int, repeats: int) -> Iterator[Measured]:
    explainer = explainer_of(name)
    preprocessing, classifier = explainer.preprocessing, explainer.network.classifier
    classifier.to(memory_format=torch.channels_last)
    images = InMemory(count, preprocessing.size).pixels
    inputs = normalised(images, preprocessing.mean, preprocessing.std, torch.device("cpu"))
    with torch.no_grad():
        classes = classifier(inputs).topk(CLASSES).indices
    networks = {
        method: ActivationMaps(classifier, preprocessing.size, name, method)
        for method in OF_ACTIVATIONS
    }
    networks["backprop"] = Backprop(classifier, preprocessing.std)
    networks["smooth-grad"] = SmoothGrad(classifier, preprocessing.std, samples=SAMPLES)
    networks["integrated-gradients"] = IntegratedGradients(classifier, steps=SAMPLES)
    for method, network in networks.items():
        theirs = by_grad_cam if method in OF_ACTIVATIONS else by_captum
        mine = inputs if method in OF_ACTIVATIONS else inputs[:FEW]  # these take seconds for one
        # In single precision rounding moves a gradient across ReLUs' kinks and ties of max pooling.
        exact = inputs[:1] if method in OF_ACTIVATIONS else inputs[:1].double()
        network.to(exact.dtype)
        expected = theirs(method, network, exact, classes)
        difference = largest_difference(network, exact, classes, expected)
        network.float()
        peer, aim = ("grad-cam", 5) if method in OF_ACTIVATIONS else ("captum", 1.2)
        yield paired(
            f"maps of 5 classes, {name}, {method}",
            partial(by_this, network, mine, classes[: len(mine)]),
            lambda theirs=theirs, method=method, network=network: list(
                theirs(method, network, inputs[:FEW], classes)
            ),
            peer=peer, items=len(mine), their_items=FEW, unit="images/s", aim=aim,
            same=f"maps, to {difference:.0e}", repeats=repeats,
        )  # fmt: skip


def by_this(network: nn.Module, inputs: torch.Tensor, classes: torch.Tensor) -> list[np.ndarray]:
    """Return the (N, 5, ...) maps of each batch."""
    return [
        network.explain(part)[1](of_part).numpy()
        for part, of_part in zip(inputs.split(BATCH), classes.split(BATCH), strict=True)
    ]


def by_grad_cam(
    method: str, network: ActivationMaps, inputs: torch.Tensor, classes: torch.Tensor
) -> Iterator[np.ndarray]:
    """Yield (5, H, W) maps at the input's size."""
    classifier = network.classifier
    classifier.requires_grad_()  # the package needs the weights' graph
    layer = classifier.get_submodule(network.layer)
    with OF_ACTIVATIONS[method](classifier, [layer]) as cam:
        for image, labels in zip(inputs.split(1), classes.tolist(), strict=False):
            targets = [ClassifierOutputTarget(label) for label in labels]
            yield cam(input_tensor=image.expand(CLASSES, -1, -1, -1), targets=targets)
    classifier.requires_grad_(False)


def by_captum(
    method: str, network: nn.Module, inputs: torch.Tensor, classes: torch.Tensor
) -> Iterator[np.ndarray]:
    """Yield (5, 3, H, W) gradients, per pixel value but for the integrated ones."""
    saliency = captum.attr.Saliency(network.classifier)
    integrated = captum.attr.IntegratedGradients(network.classifier)
    for image, labels in zip(inputs.split(1), classes, strict=False):
        repeated = image.repeat(CLASSES, 1, 1, 1).requires_grad_()
        if method == "integrated-gradients":
            # Point by point as ours: in batches of another size, rounding moves inputs across ReLUs'
            # kinks, which changes some gradients by more than a thousandth.
            settings = {"n_steps": SAMPLES, "internal_batch_size": CLASSES}
            yield integrated.attribute(repeated, target=labels, **settings).detach().numpy()
            continue
        copies = network.noisy(repeated) if method == "smooth-grad" else [repeated]
        gradients = [
            saliency.attribute(copy.detach().requires_grad_(), target=labels, abs=False)
            for copy in copies
        ]
        yield (torch.stack(gradients).mean(0) / network.std.view(3, 1, 1)).numpy()


def largest_difference(
    network: nn.Module, inputs: torch.Tensor, classes: torch.Tensor, theirs: Iterator[np.ndarray]
) -> float:
    """Return it over one image's maps, scaled to 0 to 1 or by their maximum; at most 1e-3.

    The package leaves the sign of eigen-cam's axis to chance: there either sign will do.
    """
    (expected,) = theirs
    difference = _difference(by_this(network, inputs[:1], classes[:1])[0][0], expected)
    if difference > 1e-3 and getattr(network, "methods", None) == [EIGEN_CAM]:
        network.methods = [ActivationMethod(lambda maps, _: -EIGEN_CAM.maps(maps, None), False)]
        difference = _difference(by_this(network, inputs[:1], classes[:1])[0][0], expected)
        network.methods = [EIGEN_CAM]
    if difference > 1e-3:
        raise AssertionError(f"maps differ from the package's by {difference:.1g}")
    return difference


def _difference(ours: np.ndarray, theirs: np.ndarray) -> float:
    difference = 0.0
    for own, other in zip(ours, theirs, strict=True):
        if own.ndim == 2:  # grad-cam scales from minimum to maximum, enlarges, and scales again
            own = scaled(upsample(scaled(own), *other.shape[::-1], "bilinear"))
        top = np.abs(other).max() or 1
        difference = max(difference, float(np.abs(own / top - other / top).max()))
    return difference
