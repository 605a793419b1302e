"""Top-5 class maps and boxes, against grad-cam, torchcam, and the forward pass alone.

Random images of the network's size and random weights: what is computed does not depend on them. Boxes
are made with the paper's method at 500 x 375 pixels, by the same function for all. The user of either
package goes image by image; grad-cam gets the five classes as a batch, torchcam one after another.
The forward pass runs at the batch and in the memory format that are fastest here.
"""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from time import perf_counter

import numpy as np
import torch
import torchcam.methods
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

from benchmarks.harness import Measured, paired
from pipeline_lib.data.loader import normalised
from pipeline_lib.localization.explainers import Explainer, network_explainer
from pipeline_lib.localization.forward import explain
from pipeline_lib.localization.heat_maps import upsample
from pipeline_lib.localization.paper_box import paper_box
from pipeline_lib.networks.card import NetworkCard, Preprocessing
from pipeline_lib.networks.pretrained import build_by_name, input_of, library_of
from pipeline_lib.networks.random_weights import randomise

NETWORKS = ("googlenet", "vgg16", "tf_efficientnet_lite0", "squeezenet1_0")
LIBRARIES = {
    "vgg16": "torchvision"
}  # as in the paper study; in timm its last layers are convolutions
WIDTH, HEIGHT, TOP, THRESHOLD = 500, 375, 5, 0.2
FEW = 4  # images of grad-cam, which takes seconds for one
Peer = Callable[[Explainer, torch.Tensor], Iterator[np.ndarray]]
BATCHES, FORMATS = (1, 2, 4, 8, 16, 32), (torch.contiguous_format, torch.channels_last)


class InMemory:
    """Random images: item ``n`` is (height, width, 3) uint8."""

    def __init__(self, count: int, size: tuple[int, int]) -> None:
        generator = torch.Generator().manual_seed(0)
        self.pixels = torch.randint(
            0, 256, (count, *size, 3), dtype=torch.uint8, generator=generator
        )
        self.size = size

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, index: int) -> torch.Tensor:
        return self.pixels[index]


def explainer_of(name: str) -> Explainer:
    """Return the library's network with random weights."""
    library = LIBRARIES.get(name) or library_of(name)
    size, mean, std = input_of(name, library)
    classifier = randomise(build_by_name(name, library, None)).eval()
    card = NetworkCard(
        name=name, source=library, architecture=name, options={}, training={},
        classes=[str(n) for n in range(1000)], preprocessing=Preprocessing(size, mean, std),
    )  # fmt: skip
    return network_explainer(classifier, card)


def measure(repeats: int, quick: bool) -> Iterator[Measured]:
    """Yield a line for each network and peer."""
    for name in NETWORKS[-2:] if quick else NETWORKS:
        yield from _measured(explainer_of(name), 8 if quick else 32, repeats)


def _measured(explainer: Explainer, count: int, repeats: int) -> Iterator[Measured]:
    preprocessing, classifier = explainer.preprocessing, explainer.network.classifier
    images = InMemory(count, preprocessing.size)
    inputs = normalised(images.pixels, preprocessing.mean, preprocessing.std, torch.device("cpu"))
    timing = partial(
        paired, f"top-5 maps and boxes, {explainer.name}",
        lambda: boxed(by_this(explainer, images)),
        items=count, unit="images/s", repeats=repeats,
    )  # fmt: skip
    peers = {"grad-cam": (by_grad_cam, 20)}
    # torchcam needs a linear layer for class maps; of VGG16, ours are Grad-CAM's.
    if explainer.method == "cam" and explainer.network.weights is not None:
        peers["torchcam"] = (by_torchcam, 1.3)
    for package, (peer, aim) in peers.items():
        difference = largest_difference(explainer, images, inputs, peer)
        few = inputs[:FEW] if peer is by_grad_cam else inputs
        yield timing(
            lambda peer=peer, few=few: boxed(peer(explainer, few)),
            peer=package, aim=aim, same=f"maps, to {difference:.0e}", their_items=len(few),
        )  # fmt: skip
    batch, layout = fastest(classifier, inputs)
    order = "last" if layout is torch.channels_last else "first"
    yield timing(
        lambda: forward(classifier, inputs, batch, layout),
        peer=f"its forward pass alone (batch {batch}, channels {order})", aim=0.95, same="the limit",
    )  # fmt: skip


def by_this(explainer: Explainer, images: InMemory) -> Iterator[np.ndarray]:
    """Yield (5, h, w) class maps image by image, as ``predict`` makes them."""
    batches = explain(
        explainer, images, lambda guesses, _: guesses, top=TOP, crops=1, batch=32, workers=1
    )
    for batch in batches:
        yield from batch.maps[:, :, 0]


def by_grad_cam(explainer: Explainer, inputs: torch.Tensor) -> Iterator[np.ndarray]:
    """Yield (5, H, W) maps at the input's size; the five classes are a batch."""
    network, classifier = explainer.network, explainer.network.classifier
    classifier.requires_grad_()  # the package needs the weights' graph
    name = network.map_layer.name if explainer.method == "cam" else network.layer
    with GradCAM(model=classifier, target_layers=[classifier.get_submodule(name)]) as cam:
        for image in inputs.split(1):
            with torch.inference_mode():
                classes = classifier(image)[0].topk(TOP).indices.tolist()
            targets = [ClassifierOutputTarget(label) for label in classes]
            yield cam(input_tensor=image.expand(TOP, -1, -1, -1), targets=targets)


def by_torchcam(explainer: Explainer, inputs: torch.Tensor) -> Iterator[np.ndarray]:
    """Yield (5, h, w) class maps."""
    layer = explainer.network.map_layer
    classifier = explainer.network.classifier
    with torchcam.methods.CAM(classifier, layer.name, layer.linear) as cam, torch.inference_mode():
        for image in inputs.split(1):
            scores = classifier(image)
            classes = scores[0].topk(TOP).indices.tolist()
            yield torch.cat([cam(label, scores, normalized=False)[0] for label in classes]).numpy()


def boxed(maps: Iterator[np.ndarray]) -> list[list[tuple]]:
    """Return the five boxes of each image."""
    return [
        [paper_box(upsample(each, WIDTH, HEIGHT, "bilinear"), THRESHOLD) for each in of_image]
        for of_image in maps
    ]


def largest_difference(
    explainer: Explainer, images: InMemory, inputs: torch.Tensor, peer: Peer
) -> float:
    """Return it over two images' maps, scaled to 0 to 1; AssertionError above 1e-3."""
    ours, theirs = by_this(explainer, images), peer(explainer, inputs[:2])
    difference = 0.0
    for own, other in zip(ours, theirs, strict=False):
        for a, b in zip(own, other, strict=True):
            if a.shape == b.shape:
                a, b = a / np.abs(a).max(), b / np.abs(b).max()
            else:  # grad-cam scales from minimum to maximum, enlarges, and scales again
                a = scaled(upsample(scaled(np.maximum(a, 0)), *b.shape[::-1], "bilinear"))
            difference = max(difference, float(np.abs(a - b).max()))
    if difference > 1e-3:
        raise AssertionError(f"{explainer.name}: maps differ from the peer's by {difference:.1g}")
    return difference


def scaled(values: np.ndarray) -> np.ndarray:
    """Return values from 0 to 1; zeros where all are the same."""
    return (values - values.min()) / (np.ptp(values) or 1)


def fastest(classifier: torch.nn.Module, inputs: torch.Tensor) -> tuple[int, torch.memory_format]:
    """Return the batch and memory format with the most images per second."""
    seconds = {}
    for batch, layout in product(BATCHES, FORMATS):
        forward(classifier, inputs[:batch], batch, layout)
        began = perf_counter()
        forward(classifier, inputs, batch, layout)
        seconds[batch, layout] = perf_counter() - began
    return min(seconds, key=seconds.get)


def forward(
    classifier: torch.nn.Module, inputs: torch.Tensor, batch: int, layout: torch.memory_format
) -> None:
    """Run all images."""
    classifier.to(memory_format=layout)  # in inference mode, no gradient could pass the weights
    with torch.inference_mode():
        for part in inputs.split(batch):
            classifier(part.contiguous(memory_format=layout))
