"""Where fine-tuning starts: another network's ImageNet weights, as far as the two are the same."""

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

RELEASED = "released:"  # before the name of one of the paper's networks, whose caffemodel is meant


def start_from(
    classifier: Classifier, name: str, folder: Path | None
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Load another network into ``classifier`` and return the (mean, std) it expects.

    ``name`` is torchvision's, "vgg16" say, for the networks on its base; "released:VGGnet" is a
    released file of the paper's network (released.yaml), for those on Caffe's. The whole trunk is
    taken over, and of the head what the other network has too. Other convolutions of the head start
    at N(0, 0.01) with the bias that the released networks had (protocol, section 1), linear layers
    at PyTorch's initial values. Raises InputError where a tensor of the trunk has no counterpart.
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
    fresh = _take_over(classifier, state, origin)
    log.info("starting from %s; new: %s", origin, ", ".join(fresh) or "nothing")
    return mean, std


def _from_torchvision(
    classifier: Classifier, state: dict[str, torch.Tensor]
) -> dict[str, torch.Tensor]:
    """Rename torchvision's tensors to ours.

    AlexNet's and VGG's layers have numbers there, in the order of ours; GoogLeNet's have our names.
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
        found = [
            (int(key.split(".")[1]), key) for key in state if re.match(rf"{group}\.\d+\.", key)
        ]
        places = dict(zip(sorted({number for number, _ in found}), names, strict=False))
        for number, key in found:
            if number in places:
                renamed[f"{places[number]}.{key.split('.', 2)[2]}"] = state[key]
    return renamed


def _take_over(classifier: Classifier, state: dict[str, torch.Tensor], origin: object) -> list[str]:
    """Load the trunk, and what there is of the head; return the head's layers that start anew."""
    wanted = classifier.state_dict()
    fits = {key for key, new in wanted.items() if key in state and state[key].shape == new.shape}
    for key in wanted:
        if key.startswith("trunk.") and key not in fits:
            raise InputError(
                f"{origin}: does not fit the trunk at {key}; start from the network it was cut from, "
                "at full width"
            )
    fresh = []
    for name, module in classifier.head.named_modules(prefix="head"):
        parameters = {f"{name}.{part}" for part, _ in module.named_parameters(recurse=False)}
        if parameters <= fits:
            continue
        fits -= parameters
        fresh.append(name)
        if isinstance(module, nn.Conv2d):
            nn.init.normal_(module.weight, std=0.01)
            if module.bias is not None:
                nn.init.constant_(module.bias, classifier.fresh_bias)
    classifier.load_state_dict({key: state[key] for key in fits}, strict=False)
    return fresh
