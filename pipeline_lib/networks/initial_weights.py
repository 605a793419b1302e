"""Initial weights: random ones, or for fine-tuning another network's, where the layers agree."""

import logging
import re
from pathlib import Path

import torch
from torch import nn

from pipeline_lib.common.errors import InputError
from pipeline_lib.networks.caffe.released import find_release
from pipeline_lib.networks.caffe.weights import caffe_state
from pipeline_lib.networks.head import Classifier
from pipeline_lib.networks.pretrained import trunk_input
from pipeline_lib.networks.start_weights import caffe_layers, read_start_weights
from pipeline_lib.study.configuration.networks import RELEASED

log = logging.getLogger(__name__)

_NORMS = (nn.BatchNorm2d, nn.SyncBatchNorm)


def start_at_random(classifier: Classifier) -> None:
    """Initialise a network that is trained from scratch, in place, with PyTorch's random numbers.

    Layers before a ReLU start at N(0, sqrt(2 / inputs)), which keeps the variance of the maps through
    any number of layers (He et al. 2015); the linear layer that computes the scores at N(0, 0.01), as
    in Caffe's files of these networks; biases at zero. With PyTorch's own values the maps of a deep
    network without batch norm shrink from layer to layer: it does not learn, and NIN's scores, which
    are behind a ReLU, become zero for good. A network with batch norm keeps PyTorch's values, because
    there the scale of the weights is normalised away.
    """
    if any(isinstance(module, _NORMS) for module in classifier.modules()):
        return
    linear = [module for module in classifier.modules() if isinstance(module, nn.Linear)]
    for module in classifier.modules():
        if not isinstance(module, nn.Conv2d | nn.Linear):
            continue
        if linear and module is linear[-1]:
            nn.init.normal_(module.weight, std=0.01)
        else:
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def start_from(
    classifier: Classifier, name: str, path: Path
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Load another network into ``classifier`` and return the (mean, std) it expects.

    ``path`` is its file, written by ``bring_start_weights``; ``name`` is a torchvision name, for example
    "vgg16", for the networks with torchvision's trunks, or "released:VGGnet", a released file of the
    paper (released.yaml), for those with Caffe's. The whole trunk is loaded, and the layers of the head
    that the other network has too. New convolutions of the
    head start at N(0, 0.01) with the bias of the released networks (protocol, section 1), new linear
    layers at PyTorch's initial values. Raises InputError if a tensor of the trunk has no counterpart.
    """
    theirs = read_start_weights(name, path)
    if name.startswith(RELEASED):
        state, unused = caffe_state(classifier, caffe_layers(theirs))
        preprocessing = find_release(name.removeprefix(RELEASED)).preprocessing
        mean, std = preprocessing.mean, preprocessing.std
        log.info("%s: not used: %s", path, ", ".join(unused) or "nothing")
    else:
        state = _from_torchvision(classifier, theirs)
        mean, std = trunk_input(name)
    new_layers = _load_matching(classifier, state, path)
    log.info("starting from %s; new: %s", path, ", ".join(new_layers) or "nothing")
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
