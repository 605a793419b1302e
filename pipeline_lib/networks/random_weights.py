"""Random weights in files of the shape and name of the published ones, to rehearse with."""

import math
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

from pipeline_lib.common.files import atomic
from pipeline_lib.networks.caffe.released import find_release
from pipeline_lib.networks.caffe.writer import layers_of, write_caffemodel
from pipeline_lib.networks.registry import build

# torchvision's own GoogLeNet file has the auxiliary classifiers too, and its files are pickles.
_OPTIONS = {"googlenet": {"aux_logits": True, "init_weights": False}}


def write_torchvision_weights(
    folder: Path, name: str, suffix: str, favoured: Sequence[int] = (), seed: int = 0
) -> Path:
    """Write the state dict of torchvision's network, ``<name>`` and the ``suffix``; return its path.

    The suffix is ``.safetensors`` or ``.pth``; ``favoured`` are classes, see ``randomise``.
    """
    import torchvision  # takes seconds, and see __main__

    network = torchvision.models.get_model(name, weights=None, **_OPTIONS.get(name, {}))
    state = randomise(network, favoured, seed).state_dict()
    path = folder / f"{name}{suffix}"
    with atomic(path) as temporary:
        if suffix == ".pth":
            torch.save(state, temporary)
        else:
            save_file(state, temporary)
    return path


def write_released_weights(
    folder: Path, network: str, favoured: Sequence[int] = (), seed: int = 0
) -> Path:
    """Write the .caffemodel of a network of released.yaml, under its name; return its path."""
    release = find_release(network)
    classifier = build(release.architecture, len(release.labels), release.options)
    path = folder / release.file
    write_caffemodel(path, layers_of(randomise(classifier, favoured, seed)))
    return path


def randomise(network: nn.Module, favoured: Sequence[int] = (), seed: int = 0) -> nn.Module:
    """Give every convolution and linear layer weights N(0, 2 / inputs) and zero biases (He et al. 2015).

    The scale of activations then stays the same from layer to layer, however deep the network. The
    last layer's weights of the ``favoured`` classes are larger by half of their spread, so that all
    images are taken for one of these.
    """
    generator = torch.Generator().manual_seed(seed)
    layers = [each for each in network.modules() if isinstance(each, nn.Conv2d | nn.Linear)]
    for layer in layers:
        nn.init.normal_(layer.weight, std=_spread(layer), generator=generator)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
    with torch.no_grad():
        layers[-1].weight[list(favoured)] += _spread(layers[-1]) / 2
    return network


def _spread(layer: nn.Conv2d | nn.Linear) -> float:
    return math.sqrt(2 / layer.weight[0].numel())
