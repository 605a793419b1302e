"""Random weights in files of the shape and name of the published ones, to rehearse with."""

import math
from pathlib import Path

import torch
import torchvision
from safetensors.torch import save_file
from torch import nn

from pipeline_lib.common.files import atomic
from pipeline_lib.networks.caffe.released import find_release
from pipeline_lib.networks.caffe.writer import layers_of, write_caffemodel
from pipeline_lib.networks.registry import build

# torchvision's own GoogLeNet file has the auxiliary classifiers too, and its files are pickles.
_OPTIONS = {"googlenet": {"aux_logits": True, "init_weights": False}}


def write_torchvision_weights(folder: Path, name: str, suffix: str, seed: int = 0) -> Path:
    """Write the state dict of torchvision's network, ``<name>`` and the ``suffix``; return its path.

    The suffix is ``.safetensors`` or ``.pth``.
    """
    network = torchvision.models.get_model(name, weights=None, **_OPTIONS.get(name, {}))
    state = randomise(network, seed).state_dict()
    path = folder / f"{name}{suffix}"
    with atomic(path) as temporary:
        if suffix == ".pth":
            torch.save(state, temporary)
        else:
            save_file(state, temporary)
    return path


def write_released_weights(folder: Path, network: str, seed: int = 0) -> Path:
    """Write the .caffemodel of a network of released.yaml, under its name; return its path."""
    release = find_release(network)
    classifier = build(release.architecture, len(release.labels), release.options)
    path = folder / release.file
    write_caffemodel(path, layers_of(randomise(classifier, seed)))
    return path


def randomise(network: nn.Module, seed: int) -> nn.Module:
    """Give every convolution and linear layer weights N(0, 2 / inputs) and zero biases (He et al. 2015).

    The scale of activations then stays the same from layer to layer, however deep the network.
    """
    generator = torch.Generator().manual_seed(seed)
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            std = math.sqrt(2 / module.weight[0].numel())
            nn.init.normal_(module.weight, std=std, generator=generator)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return network
