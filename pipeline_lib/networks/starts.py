"""Where fine-tuning starts: a torchvision network's ImageNet weights, cut with the trunk."""

import logging
from pathlib import Path

from torch import nn

from pipeline_lib.common.errors import InputError
from pipeline_lib.networks.pretrained import trunk_input
from pipeline_lib.networks.weights import find_state

log = logging.getLogger(__name__)


def start_from(
    classifier: nn.Module, name: str, folder: Path | None
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Load torchvision's ``name`` into ``classifier.trunk`` and return the (mean, std) it expects.

    The added convolution starts at N(0, 0.01) with bias 1, the released GoogLeNet-GAP's initial
    values (protocol, section 1). Raises InputError where a tensor of the trunk has no counterpart.
    """
    state, origin = find_state(name, "torchvision", folder)
    trunk = classifier.trunk.state_dict()
    for key, tensor in trunk.items():
        if key not in state or state[key].shape != tensor.shape:
            raise InputError(
                f"{origin}: does not fit the trunk at {key}; fine-tune at full width only"
            )
    classifier.trunk.load_state_dict({key: state[key] for key in trunk})
    for module in classifier.head.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.normal_(module.weight, std=0.01)
            nn.init.constant_(module.bias, 1.0)
    log.info("starting from %s", origin)
    return trunk_input(name)
