"""Recording a forward pass: the outputs of layers, and the linear layer that computes the scores."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import nn


@dataclass(frozen=True)
class Trace:
    """One run of two random images: ``scores``, and the ``outputs`` of all layers in running order.

    ``linear`` is the path of the linear layer, or of the convolution of pooled maps, that computes the
    scores, and ``linear_input`` its (2, features) input; both are None where there is no such layer.
    """

    scores: torch.Tensor
    outputs: dict[str, torch.Tensor]
    linear: str | None
    linear_input: torch.Tensor | None


def trace(classifier: nn.Module, size: tuple[int, int]) -> Trace:
    """Run a classifier with an input of ``size`` (height, width) and record its layers."""
    modules = {path: module for path, module in classifier.named_modules() if path}
    device = next(classifier.parameters()).device
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(2, 3, *size, generator=generator).to(device)
    inputs: dict[str, torch.Tensor] = {}

    def record(path: str) -> Callable:
        def hook(module: nn.Module, args: tuple, _output: torch.Tensor) -> None:
            if args[0][0].numel() == module.weight[0].numel():  # a convolution only of all there is
                inputs[path] = args[0].flatten(1)

        return hook

    hooks = [
        module.register_forward_hook(record(path))
        for path, module in modules.items()
        if isinstance(module, nn.Linear | nn.Conv2d)
    ]
    try:
        with torch.inference_mode(), record_outputs(modules) as outputs:
            scores = classifier(images)
    finally:
        for hook in hooks:
            hook.remove()
    last = next(reversed(inputs), None)
    if last is None or not torch.equal(outputs[last].flatten(1), scores):
        return Trace(scores, outputs, None, None)
    return Trace(scores, outputs, last, inputs[last])


@contextmanager
def record_outputs(modules: dict[str, nn.Module]) -> Iterator[dict[str, torch.Tensor]]:
    """Collect the output tensors of the given modules, in running order."""
    outputs: dict[str, torch.Tensor] = {}

    def record(path: str):
        def hook(_module: nn.Module, _args: tuple, output: object) -> None:
            if isinstance(output, torch.Tensor):
                outputs.pop(path, None)
                outputs[path] = output

        return hook

    hooks = [module.register_forward_hook(record(path)) for path, module in modules.items()]
    try:
        yield outputs
    finally:
        for hook in hooks:
            hook.remove()
