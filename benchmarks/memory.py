"""Memory of a GPU that a network takes, by network and method; derived, not measured on a GPU.

The networks run on PyTorch's meta device, which has sizes but no values. Every tensor that an operation
makes is counted until it is freed; the largest sum is the peak. cuDNN's working memory and what the
allocator loses are not in it: have a fifth more.

    python benchmarks/memory.py
"""

import argparse
from collections.abc import Callable

import pandas as pd
import torch
from torch import nn
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from pipeline_lib.common.errors import InputError
from pipeline_lib.features.feature_network import FeatureNetwork
from pipeline_lib.localization.explainers import network_explainer
from pipeline_lib.localization.forward import MAX_GRADIENT_CROPS
from pipeline_lib.localization.predictions import TOP_K
from pipeline_lib.networks.card import NetworkCard, Preprocessing
from pipeline_lib.networks.registry import ARCHITECTURES, build

CLASSES = 1000
# The columns: what runs, and how many images at a time, which is what the paper study has.
METHODS = {
    "features": ("extract", 640),
    "class maps": ("cam", 640),
    "Grad-CAM": ("grad-cam", 640),
    "gradient": ("backprop", MAX_GRADIENT_CROPS),
    "training": ("train", 64),
}
Work = Callable[[torch.Tensor], object]


class PeakMemory(TorchDispatchMode):
    """Counts the bytes of all tensors that are made in its block; ``peak`` is the most at one time."""

    def __init__(self) -> None:
        super().__init__()
        self.peak = 0
        self._live: dict[int, tuple[StorageWeakRef, int]] = {}

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        given = {
            leaf.untyped_storage()._cdata
            for leaf in tree_leaves((args, kwargs))
            if isinstance(leaf, torch.Tensor)
        }
        self._live = {key: (ref, n) for key, (ref, n) in self._live.items() if not ref.expired()}
        for leaf in tree_leaves(result):
            if isinstance(leaf, torch.Tensor) and leaf.untyped_storage()._cdata not in given:
                storage = leaf.untyped_storage()
                self._live[storage._cdata] = StorageWeakRef(storage), storage.nbytes()
        self.peak = max(self.peak, sum(size for _, size in self._live.values()))
        return result


def peak_of(work: Callable[[torch.Tensor], object], images: int, side: int) -> int:
    """Return the peak bytes of ``work`` on so many images, these included."""
    with PeakMemory() as memory:
        work(torch.empty(images, 3, side, side, device="meta"))
    return memory.peak


def prediction(classifier: nn.Module, name: str, method: str, side: int) -> Work | None:
    """Return what `predict` runs by a method, None where the network has no such maps."""
    labels = [str(index) for index in range(CLASSES)]
    card = NetworkCard(name, "trained", "", {}, labels, Preprocessing((side, side)))
    try:
        network = network_explainer(classifier, card, method).network
    except InputError:
        return None
    network.to("meta", memory_format=torch.channels_last)
    maps = 1 if method == "backprop" else TOP_K + 1  # of the true class, and of the guesses

    def work(images: torch.Tensor) -> None:
        _, maps_of = network.explain(images)
        maps_of(torch.empty(len(images), maps, dtype=torch.long, device="meta"))

    return work


def extraction(classifier: nn.Module, side: int) -> Work:
    """Return what `extract` runs."""
    return torch.inference_mode()(FeatureNetwork(classifier, (side, side)).to("meta"))


def training(classifier: nn.Module) -> Work:
    """Return a training step's passes, in float32; gradients of the weights are in its peak."""
    classifier.to("meta", memory_format=torch.channels_last).train().requires_grad_(True)

    def work(images: torch.Tensor) -> None:
        targets = torch.empty(len(images), dtype=torch.long, device="meta")
        nn.functional.cross_entropy(classifier(images), targets).backward()
        classifier.zero_grad()

    return work


def rows_of(architecture: str) -> tuple[dict, dict]:
    """Return a network's rows of the two tables, in bytes: of one image, and of a whole batch."""
    side = 227 if architecture.startswith("caffe_alexnet") else 224
    columns = [f"{name}, {batch}" for name, (_, batch) in METHODS.items()]
    image = {"network": architecture} | dict.fromkeys((*METHODS, "weights"))
    whole = {"network": architecture} | dict.fromkeys(columns)
    for name, (method, batch) in METHODS.items():
        torch.manual_seed(0)  # on the CPU first: class maps are found by comparing values
        classifier = build(architecture, CLASSES, {}).eval()
        weights = sum(4 * parameter.numel() for parameter in classifier.parameters())
        if method == "train":
            work = training(classifier)
        elif method == "extract":
            work = extraction(classifier, side)
        else:
            work = prediction(classifier, architecture, method, side)
        if work is not None:
            peaks = [peak_of(work, images, side) for images in (batch, 2 * batch)]
            image[name] = (peaks[1] - peaks[0]) / batch
            momentum = weights if method == "train" else 0
            whole[f"{name}, {batch}"] = peaks[0] + weights + momentum
    return image | {"weights": weights}, whole


def main() -> None:
    """Print two Markdown tables: an image, and a whole batch."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = [name for name in ARCHITECTURES if not name.startswith("caffe_")]
    parser.add_argument("--networks", nargs="+", choices=tuple(ARCHITECTURES), default=names)
    rows = [rows_of(name) for name in parser.parse_args().networks]
    for title, unit, table in zip(
        ("MiB of an image", "GiB of a batch, weights included"),
        (2**20, 2**30),
        (pd.DataFrame(each).set_index("network") for each in zip(*rows, strict=True)),
        strict=True,
    ):
        print(
            f"{title}:\n\n{(table.astype(float) / unit).to_markdown(floatfmt='.1f', missingval='-')}\n"
        )


if __name__ == "__main__":
    main()
