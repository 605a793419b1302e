"""Random weights in place of trained ones, from the scores down (Adebayo et al. 2018).

"Sanity Checks for Saliency Maps" randomizes a network's layers cumulatively, the last one first, and
watches how much of an explanation is left.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from pipeline_lib.common.files import fingerprint


class Stage(NamedTuple):
    """Modules that are randomized together: the path of the lowest ``layer``, and all ``modules``."""

    layer: str
    modules: tuple[str, ...]


def randomization_stages(classifier: nn.Module, size: tuple[int, int], most: int) -> list[Stage]:
    """Return at most ``most`` stages (>= 2), from the layer that computes the scores to the first one.

    ``size`` is the input's (height, width). The first stage is one layer alone; where there are more
    layers than stages, the others are shared out evenly. A layer is a module with a weight matrix or
    kernels, and the modules after it that have vectors alone: batch norms and other norms, scales. A
    batch norm is of its convolution: its statistics are those of filters that are no longer there.
    """
    layers = _layers(classifier, size)[::-1]
    if len(layers) > most:
        first, *rest = layers
        parts = np.array_split(np.arange(len(rest)), most - 1)
        groups = [[first], *([rest[index] for index in part] for part in parts)]
    else:
        groups = [[layer] for layer in layers]
    return [
        Stage(group[-1][0], tuple(path for layer in group for path in layer)) for group in groups
    ]


def randomize(classifier: nn.Module, modules: tuple[str, ...], seed: int) -> None:
    """Give modules, by their paths, the weights that a new network would start from, in place.

    They are those of the module's own ``reset_parameters``; of a module without it (positions of a
    transformer, scales) the values are shuffled. A module's weights depend on the seed and its path
    alone, not on what was randomized before.
    """
    by_path = dict(classifier.named_modules())
    devices = {each.device for each in classifier.parameters() if each.device.type == "cuda"}
    for path in modules:
        module = by_path[path]
        reset = getattr(module, "reset_parameters", getattr(module, "_reset_parameters", None))
        with torch.random.fork_rng(devices), torch.no_grad():
            torch.manual_seed(int(fingerprint(seed, path)[:15], 16))
            if reset is not None:
                reset()
                continue
            for values in module.parameters(recurse=False):
                order = torch.randperm(values.numel(), device=values.device)
                values.copy_(values.flatten()[order].view_as(values))


@contextmanager
def weights_kept(classifier: nn.Module) -> Iterator[None]:
    """Give a network its weights and statistics back at the end."""
    state = {name: tensor.clone() for name, tensor in classifier.state_dict().items()}
    try:
        yield
    finally:
        classifier.load_state_dict(state)


def _layers(classifier: nn.Module, size: tuple[int, int]) -> list[list[str]]:
    """Return the paths of the modules with parameters of their own, by layer, in running order."""
    layers: list[list[str]] = []
    modules = dict(classifier.named_modules())
    for path in _running_order(classifier, size):
        own = list(modules[path].parameters(recurse=False))
        if not own:
            continue
        if layers and all(values.dim() < 2 for values in own):
            layers[-1].append(path)
        else:
            layers.append([path])
    return layers


def _running_order(classifier: nn.Module, size: tuple[int, int]) -> list[str]:
    """Return the paths of all modules in the order in which they start.

    One that does not run itself, such as a projection that attention reads the weights of, has the
    place of the module around it.
    """
    started: dict[str, int] = {}

    def note(path: str) -> Callable:
        def hook(_module: nn.Module, _args: tuple) -> None:
            started.setdefault(path, len(started))

        return hook

    modules = dict(classifier.named_modules())
    hooks = [each.register_forward_pre_hook(note(path)) for path, each in modules.items()]
    try:
        with torch.inference_mode():
            classifier(torch.zeros(1, 3, *size, device=next(classifier.parameters()).device))
    finally:
        for hook in hooks:
            hook.remove()

    def place(path: str) -> int:
        while path not in started:
            path = path.rpartition(".")[0]
        return started[path]

    return sorted(modules, key=place)
