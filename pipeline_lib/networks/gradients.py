"""Maps from gradients: for classifiers without class maps, and as the paper's baseline.

Like ``ClassMapNetwork``, each class here has a method ``explain``: it runs images and returns their
logits and a function that computes the maps of any classes, once: the graph is freed meanwhile.
"""

from collections.abc import Callable

import torch
from torch import nn

from pipeline_lib.common.errors import InputError

# Logits (N, classes), and the function from (N, k) int64 classes to their maps, (N, k, ...).
Explanation = tuple[torch.Tensor, Callable[[torch.Tensor], torch.Tensor]]
_POOLS = (nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d)
_NOT_MAPS = (*_POOLS, nn.Dropout, nn.Softmax)


class GradCam(nn.Module):
    """Grad-CAM (Selvaraju et al. 2017) at ``layer``, by default the last layer that outputs maps.

    Where the scores are a linear function of pooled maps, it gives the positive part of the class
    maps, divided by the number of positions. Channels may come first or last. Raises InputError for
    a layer that does not exist, does not run, or outputs no maps.
    """

    def __init__(
        self, classifier: nn.Module, size: tuple[int, int], name: str, layer: str | None = None
    ) -> None:
        super().__init__()
        self.classifier = classifier.eval().requires_grad_(False)
        self.name = name
        self.layer = layer or _last_map_layer(classifier, size, name)
        modules = dict(classifier.named_modules())
        if self.layer not in modules:
            raise InputError(
                f"{name}: has no layer '{self.layer}'; its layers are named like in timm"
            )
        self._module = modules[self.layer]

    def explain(self, images: torch.Tensor) -> Explanation:
        """(N, 3, H, W) to logits, and from (N, k) classes to (N, k, h, w) maps, none negative."""
        recorded: list[torch.Tensor] = []

        def cut_graph(_module: nn.Module, _args: tuple, output: torch.Tensor) -> torch.Tensor:
            axis = _channel_axis(output, images)
            if axis is None:
                raise InputError(
                    f"{self.name}: layer {self.layer} outputs no maps; choose another layer"
                )
            recorded[:] = [output.detach().movedim(axis, 1).requires_grad_()]
            return recorded[0].movedim(1, axis).clone()  # the next layer may work in place

        hook = self._module.register_forward_hook(cut_graph)
        try:
            with torch.enable_grad():
                logits = self.classifier(images)
        finally:
            hook.remove()
        if not recorded:
            raise InputError(f"{self.name}: layer {self.layer} does not run; choose another layer")

        def maps_of(classes: torch.Tensor) -> torch.Tensor:
            maps = recorded[0].detach()
            gradients = _gradients(logits, classes, recorded[0])
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


def _channel_axis(output: object, images: torch.Tensor) -> int | None:
    """The channel axis of a layer's output, 1 or 3; None if it is no map of the (N, 3, H, W) images.

    Maps have the images' aspect ratio; the four dimensions of attention mostly do not.
    """
    if not isinstance(output, torch.Tensor) or output.dim() != 4 or len(output) != len(images):
        return None
    height, width = images.shape[2:]
    for axis, (h, w) in ((1, output.shape[2:]), (3, output.shape[1:3])):
        if min(h, w) > 1 and abs(h * width - w * height) <= max(height, width):
            return axis
    return None


def _last_map_layer(classifier: nn.Module, size: tuple[int, int], name: str) -> str:
    """Run an image; return the last layer without children that outputs maps, except pooling."""
    map_layers: list[str] = []
    image = torch.zeros(1, 3, *size, device=next(classifier.parameters()).device)

    def record(path: str) -> Callable:
        def hook(_module: nn.Module, _args: tuple, output: object) -> None:
            if _channel_axis(output, image) is not None:
                map_layers.append(path)

        return hook

    leaves = {
        path: module
        for path, module in classifier.named_modules()
        if not any(True for _ in module.children()) and not isinstance(module, _NOT_MAPS)
    }
    hooks = [module.register_forward_hook(record(path)) for path, module in leaves.items()]
    try:
        with torch.inference_mode():
            classifier(image)
    finally:
        for hook in hooks:
            hook.remove()
    if not map_layers:
        raise InputError(f"{name}: no layer outputs maps, so there is nothing to show")
    return map_layers[-1]
