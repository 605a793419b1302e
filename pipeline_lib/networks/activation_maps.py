"""Maps of a layer's activations, and the layer that is read where none is named."""

from collections.abc import Callable, Sequence

import torch
from torch import nn

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.nearest import nearest
from pipeline_lib.networks.activation_methods import ACTIVATION_METHODS
from pipeline_lib.networks.gradients import Explanation, gradients_at_once
from pipeline_lib.networks.layouts import TOKENS, Layout, layouts_of

_POOLS = (nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d)
_NOT_MAPS = (*_POOLS, nn.Dropout, nn.Softmax)


class ActivationMaps(nn.Module):
    """Maps by some of ACTIVATION_METHODS at ``layer``, by default the last layer whose places count.

    All are made from one forward pass and one set of gradients.

    Where the scores are a linear function of pooled maps, Grad-CAM is the positive part of the class
    maps, divided by the number of positions. Channels may come first or last; of a transformer, the
    tokens are the places. Raises InputError for an unknown method, and for a layer that does not
    exist, does not run, or outputs neither maps nor tokens.
    """

    def __init__(
        self,
        classifier: nn.Module,
        size: tuple[int, int],
        name: str,
        methods: str | Sequence[str] = "grad-cam",
        layer: str | None = None,
    ) -> None:
        super().__init__()
        methods = [methods] if isinstance(methods, str) else methods
        for method in methods:
            if method not in ACTIVATION_METHODS:
                choices = ", ".join(ACTIVATION_METHODS)
                hint = nearest(method, list(ACTIVATION_METHODS))
                raise InputError(f"{name}: '{method}' is not one of {choices}{hint}")
        self.methods = [ACTIVATION_METHODS[method] for method in methods]
        self.classifier = classifier.eval().requires_grad_(False)
        self.name = name
        self.layer = layer or last_spatial_layer(classifier, size, name)
        modules = dict(classifier.named_modules())
        if self.layer not in modules:
            raise InputError(
                f"{name}: has no layer '{self.layer}'; its layers are named like in timm"
            )
        self._module = modules[self.layer]

    def explain(self, images: torch.Tensor) -> Explanation:
        """(N, 3, H, W) to logits, and from (N, k) classes to (N, k, h, w) maps, none negative.

        Several methods have (N, k, methods, h, w) maps.
        """
        uses_gradients = any(method.uses_gradients for method in self.methods)
        recorded: list[tuple[torch.Tensor, Layout]] = []

        def cut_graph(_module: nn.Module, _args: tuple, output: torch.Tensor) -> torch.Tensor:
            layouts = layouts_of(output, tuple(images.shape[2:]))
            if not layouts or len(output) != len(images):
                raise InputError(
                    f"{self.name}: layer {self.layer} outputs no maps; choose another layer"
                )
            recorded[:] = [(output.detach().requires_grad_(uses_gradients), layouts[0])]
            return recorded[0][0].clone()  # the next layer may work in place

        hook = self._module.register_forward_hook(cut_graph)
        try:
            with torch.set_grad_enabled(uses_gradients):
                logits = self.classifier(images)
        finally:
            hook.remove()
        if not recorded:
            raise InputError(f"{self.name}: layer {self.layer} does not run; choose another layer")
        output, layout = recorded[0]

        def maps_of(classes: torch.Tensor) -> torch.Tensor:
            gradients = None
            if uses_gradients:
                gradients = gradients_at_once(logits, classes, output)
                gradients = layout.maps(gradients.flatten(0, 1)).unflatten(0, gradients.shape[:2])
            activations = layout.maps(output.detach())
            maps = [
                torch.relu(method.maps(activations, gradients)).expand(-1, classes.shape[1], -1, -1)
                for method in self.methods
            ]
            return maps[0] if len(maps) == 1 else torch.stack(maps, dim=2)

        return logits.detach(), maps_of


def last_spatial_layer(classifier: nn.Module, size: tuple[int, int], name: str) -> str:
    """Run an image; return the last layer with maps, or tokens, whose places change the scores.

    A block counts if it adds to the layers within it, as a residual connection does; a pooling does
    not count. Tokens count from any layer but a projection, if a linear layer reads as many channels
    once they are pooled. Where a class token is classified, the others change the scores through the
    last attention alone: its input, the last block's tokens, is that layer. Raises InputError if there
    is none.
    """
    generator = torch.Generator().manual_seed(0)
    image = torch.randn(1, 3, *size, generator=generator).to(next(classifier.parameters()).device)
    outputs: dict[str, tuple[torch.Tensor, Layout]] = {}
    widths: set[int] = set()  # of what linear layers read, once pooled
    last: list[object] = [None]  # the output of the layer before, in running order

    def record(path: str) -> Callable:
        def hook(module: nn.Module, _args: tuple, output: object) -> object:
            before, last[0] = last[0], output
            if isinstance(module, nn.Linear):
                widths.update([module.in_features] * (output.dim() == 2))
                return output
            layouts = layouts_of(output, size)
            if not layouts or isinstance(module, _NOT_MAPS):
                return output
            adds = not any(True for _ in module.children()) or not _same(output, before)
            if adds and len(output) == 1 and output.requires_grad:
                outputs.pop(path, None)
                outputs[path] = output, layouts[0]
            return output.clone()  # the next layer may work in place

        return hook

    hooks = [
        module.register_forward_hook(record(path))
        for path, module in classifier.named_modules()
        if path
    ]
    try:
        with torch.enable_grad():
            scores = classifier(image.requires_grad_())
    finally:
        for hook in hooks:
            hook.remove()
    candidates = {
        path: (output, layout)
        for path, (output, layout) in outputs.items()
        if layout.kind != TOKENS or not widths or output.shape[2] in widths
    }
    found, tensors = None, [output for output, _ in candidates.values()]
    gradients = torch.autograd.grad(scores.max(), tensors, allow_unused=True) if tensors else ()
    for (path, (_, layout)), gradient in zip(candidates.items(), gradients, strict=True):
        if gradient is not None and layout.maps(gradient).count_nonzero() > 0:
            found = path
    if found is None:
        raise InputError(f"{name}: no layer outputs maps, so there is nothing to show")
    return found


def _same(output: object, other: object) -> bool:
    tensors = isinstance(output, torch.Tensor) and isinstance(other, torch.Tensor)
    return tensors and torch.equal(output, other)
