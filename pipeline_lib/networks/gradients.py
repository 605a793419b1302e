"""Maps from gradients: for classifiers without class maps, and as the paper's baseline.

Like ``ClassMapNetwork``, each class here has a method ``explain``: it runs images and returns their
logits and a function that computes the maps of any classes, once: the graph is freed meanwhile.
"""

from collections.abc import Callable

import torch
from torch import nn

from pipeline_lib.common.errors import InputError
from pipeline_lib.networks.layouts import TOKENS, Layout, layouts_of

# Logits (N, classes), and the function from (N, k) int64 classes to their maps, (N, k, ...).
Explanation = tuple[torch.Tensor, Callable[[torch.Tensor], torch.Tensor]]
_POOLS = (nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d)
_NOT_MAPS = (*_POOLS, nn.Dropout, nn.Softmax)


class GradCam(nn.Module):
    """Grad-CAM (Selvaraju et al. 2017) at ``layer``, by default the last layer whose places count.

    Where the scores are a linear function of pooled maps, it gives the positive part of the class
    maps, divided by the number of positions. Channels may come first or last; of a transformer, the
    tokens are the places. Raises InputError for a layer that does not exist, does not run, or outputs
    neither maps nor tokens.
    """

    def __init__(
        self, classifier: nn.Module, size: tuple[int, int], name: str, layer: str | None = None
    ) -> None:
        super().__init__()
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
        """(N, 3, H, W) to logits, and from (N, k) classes to (N, k, h, w) maps, none negative."""
        recorded: list[tuple[torch.Tensor, Layout]] = []

        def cut_graph(_module: nn.Module, _args: tuple, output: torch.Tensor) -> torch.Tensor:
            layouts = layouts_of(output, tuple(images.shape[2:]))
            if not layouts or len(output) != len(images):
                raise InputError(
                    f"{self.name}: layer {self.layer} outputs no maps; choose another layer"
                )
            recorded[:] = [(output.detach().requires_grad_(), layouts[0])]
            return recorded[0][0].clone()  # the next layer may work in place

        hook = self._module.register_forward_hook(cut_graph)
        try:
            with torch.enable_grad():
                logits = self.classifier(images)
        finally:
            hook.remove()
        if not recorded:
            raise InputError(f"{self.name}: layer {self.layer} does not run; choose another layer")
        output, layout = recorded[0]

        def maps_of(classes: torch.Tensor) -> torch.Tensor:
            maps = layout.maps(output.detach())
            gradients = _gradients(logits, classes, output)
            gradients = layout.maps(gradients.flatten(0, 1)).unflatten(0, gradients.shape[:2])
            return torch.relu((gradients.mean((3, 4), keepdim=True) * maps[:, None]).sum(2))

        return logits.detach(), maps_of


class Backprop(nn.Module):
    """The gradient of a class's score before the softmax, by the pixels (Simonyan et al. 2013).

    ``std`` is the input's normalisation: the gradient is divided by it, to be per pixel value.
    """

    def __init__(self, classifier: nn.Module, std: tuple[float, ...]) -> None:
        super().__init__()
        self.classifier = classifier.eval().requires_grad_(False)
        self.register_buffer("std", torch.tensor(std))

    def explain(self, images: torch.Tensor) -> Explanation:
        """(N, 3, H, W) to logits, and from (N, k) classes to (N, k, 3, H, W) gradients."""
        images = images.detach().requires_grad_()
        with torch.enable_grad():
            logits = self.classifier(images)
        std = self.std.view(3, 1, 1)
        return logits.detach(), lambda classes: _gradients(logits, classes, images) / std


def _gradients(logits: torch.Tensor, classes: torch.Tensor, inputs: torch.Tensor) -> torch.Tensor:
    """The gradients of the scores of (N, k) ``classes`` by (N, ...) ``inputs``, as (N, k, ...).

    The last class's frees the graph layer by layer, so that this can be called only once.
    """
    scores, count = logits.gather(1, classes), classes.shape[1]
    gradients = [
        torch.autograd.grad(scores[:, rank].sum(), inputs, retain_graph=rank + 1 < count)[0]
        for rank in range(count)
    ]
    return torch.stack(gradients, dim=1)


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
