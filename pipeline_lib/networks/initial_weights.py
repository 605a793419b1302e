"""Initial weights for fine-tuning: another network's ImageNet weights, where the layers agree."""

import logging
import re
from pathlib import Path

import torch
from torch import nn

from pipeline_lib.common.errors import InputError
from pipeline_lib.networks.caffe.released import find_release, read_release
from pipeline_lib.networks.caffe.weights import caffe_state
from pipeline_lib.networks.head import Classifier
from pipeline_lib.networks.pretrained import trunk_input
from pipeline_lib.networks.weights import find_state

log = logging.getLogger(__name__)

RELEASED = "released:"  # prefix of a network of the paper: start from its .caffemodel


def start_from(
    classifier: Classifier, name: str, folder: Path | None
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Load another network into ``classifier`` and return the (mean, std) it expects.

    ``name`` is a torchvision name, for example "vgg16", for the networks with torchvision's trunks, or
    "released:VGGnet", a released file of the paper (released.yaml), for those with Caffe's. The whole
    trunk is loaded, and the layers of the head that the other network has too. New convolutions of the
    head start at N(0, 0.01) with the bias of the released networks (protocol, section 1), new linear
    layers at PyTorch's initial values. Raises InputError if a tensor of the trunk has no counterpart.
    """
    if name.startswith(RELEASED):
        release = find_release(name.removeprefix(RELEASED))
        layers, origin = read_release(release, folder)
        state, unused = caffe_state(classifier, layers)
        mean, std = release.preprocessing.mean, release.preprocessing.std
        log.info("%s: not used: %s", origin, ", ".join(unused) or "nothing")
    else:
        theirs, origin = find_state(name, "torchvision", folder)
        state = _from_torchvision(classifier, theirs)
        mean, std = trunk_input(name)
    new_layers = _load_matching(classifier, state, origin)
    log.info("starting from %s; new: %s", origin, ", ".join(new_layers) or "nothing")
    return mean, std


def _from_torchvision(
    classifier: Classifier, state: dict[str, torch.Tensor]
) -> dict[str, torch.Tensor]:
    """Rename torchvision's tensors to ours.

    In AlexNet and VGG its layers have numbers, in the order of ours; in GoogLeNet they have our names.
    """
    if not any(key.startswith("features.") for key in state):
        return {("head." if key.startswith("fc.") else "trunk.") + key: state[key] for key in state}
    modules = classifier.trunk.named_modules()
    convolutions = [name for name, module in modules if isinstance(module, nn.Conv2d)]
    ours = {
        "features": [f"trunk.{name}" for name in convolutions],
        "classifier": ["head.fc6", "head.fc7", "head.fc8"],
    }
    renamed = {}
    for group, names in ours.items():
        numbered = [
            (int(key.split(".")[1]), key) for key in state if re.match(rf"{group}\.\d+\.", key)
        ]
        name_of = dict(zip(sorted({number for number, _ in numbered}), names, strict=False))
        for number, key in numbered:
            if number in name_of:
                renamed[f"{name_of[number]}.{key.split('.', 2)[2]}"] = state[key]
    return renamed


def _load_matching(
    classifier: Classifier, state: dict[str, torch.Tensor], origin: object
) -> list[str]:
    """Load the trunk and the layers of the head that match; return the head's other layers."""
    own = classifier.state_dict()
    fits = {key for key, new in own.items() if key in state and state[key].shape == new.shape}
    for key in own:
        if key.startswith("trunk.") and key not in fits:
            raise InputError(
                f"{origin}: does not fit the trunk at {key}; start from the network it was cut from, "
                "at full width"
            )
    new_layers = []
    for name, module in classifier.head.named_modules(prefix="head"):
        parameters = {f"{name}.{key}" for key, _ in module.named_parameters(recurse=False)}
        if parameters <= fits:
            continue
        fits -= parameters
        new_layers.append(name)
        if isinstance(module, nn.Conv2d):
            nn.init.normal_(module.weight, std=0.01)
            if module.bias is not None:
                nn.init.constant_(module.bias, classifier.initial_bias)
    classifier.load_state_dict({key: state[key] for key in fits}, strict=False)
    return new_layers
