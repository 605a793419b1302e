"""Where a classifier's class maps are, found by what they must satisfy.

Class activation maps exist where the class scores are a linear function of globally pooled maps
(paper, Eqs. 1-2): either the last linear layer reads a pooled map, or the scores themselves are
the means of the last convolution's channels (NIN, SqueezeNet). Instead of knowing every
architecture, ``ClassMapNetwork`` runs a classifier once and looks for the layer that has this
property; one that has none is refused. It therefore works for any network of any library.
"""

from dataclasses import dataclass
from itertools import product

import torch
from torch import nn

from pipeline_lib.common.errors import InputError
from pipeline_lib.networks.gradients import Look
from pipeline_lib.networks.tracing import outputs_of, trace

POOLS = {"avg": lambda maps: maps.mean((2, 3)), "max": lambda maps: maps.amax((2, 3))}
_LAYOUTS = {"channels first": lambda maps: maps, "channels last": lambda maps: maps.movedim(3, 1)}
_ACTIVATIONS = {"none": lambda maps: maps, "relu": torch.relu}


@dataclass(frozen=True)
class ClassMapLayer:
    """``layer`` gives the maps, after ``activation``; ``pool`` turns them into what ``linear`` reads.

    ``linear`` is None where the maps' channels are the classes; ``layout`` says where in the layer's
    output the channels are.
    """

    layer: str
    layout: str
    activation: str
    pool: str
    linear: str | None


class ClassMapNetwork(nn.Module):
    """A classifier together with the layer its class maps come from.

    Raises InputError where the classifier has no such layer. ``size`` is its input (height,
    width), and the network is switched to evaluation mode.
    """

    def __init__(self, classifier: nn.Module, size: tuple[int, int], name: str) -> None:
        super().__init__()
        self.classifier = classifier.eval()
        self.found = _find(classifier, size, name)
        self.modules_by_name = dict(classifier.named_modules())

    @property
    def weights(self) -> torch.Tensor | None:
        """The (classes, channels) weights of the maps; None where channels are classes."""
        linear = self.found.linear
        return None if linear is None else self.modules_by_name[linear].weight.detach()

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(N, 3, H, W) normalised images to their maps (N, channels, h, w) and logits (N, classes)."""
        with outputs_of({self.found.layer: self.modules_by_name[self.found.layer]}) as outputs:
            logits = self.classifier(images)
        maps = _LAYOUTS[self.found.layout](outputs[self.found.layer])
        return _ACTIVATIONS[self.found.activation](maps), logits

    @torch.inference_mode()
    def look(self, images: torch.Tensor) -> Look:
        """(N, 3, H, W) to logits, and from (N, k) classes to their (N, k, h, w) class maps."""
        maps, logits = self(images)
        return logits, lambda classes: class_maps(maps, self.weights, classes)


def class_maps(
    maps: torch.Tensor, weights: torch.Tensor | None, classes: torch.Tensor
) -> torch.Tensor:
    """Return the class activation maps, without bias (paper, Eq. 2).

    ``maps`` is (N, channels, h, w), ``weights`` (all classes, channels) or None where channels are
    classes, ``classes`` (N, k) int64. Returns (N, k, h, w): with average pooling, the mean of a map
    is the class score less its bias.
    """
    if weights is None:
        index = classes[:, :, None, None].expand(-1, -1, *maps.shape[2:])
        return maps.gather(1, index)
    return torch.einsum("nkc,nchw->nkhw", weights[classes], maps)


def _find(classifier: nn.Module, size: tuple[int, int], name: str) -> ClassMapLayer:
    """Run two random images and return the last layer whose pooled maps give the scores."""
    seen = trace(classifier, size)
    targets: list[tuple[str | None, torch.Tensor]] = [(None, seen.scores)]
    if seen.linear is not None:
        targets.insert(0, (seen.linear, seen.read))
    for linear, target in targets:
        for path, output in reversed(seen.outputs.items()):
            if output.dim() != 4:
                continue
            for layout, activation, pool in product(_LAYOUTS, _ACTIVATIONS, POOLS):
                maps = _LAYOUTS[layout](output)
                if maps.shape[1] != target.shape[-1] or maps.shape[2] * maps.shape[3] == 1:
                    continue
                if _same(POOLS[pool](_ACTIVATIONS[activation](maps)), target):
                    return ClassMapLayer(path, layout, activation, pool, linear)
    raise InputError(
        f"{name}: has no class maps: no layer's global pooling feeds its last linear layer or is its "
        "scores; choose a network that ends in global pooling and one linear layer, or Grad-CAM"
    )


def _same(a: torch.Tensor, b: torch.Tensor) -> bool:
    return b.std() > 0 and torch.allclose(a, b, rtol=1e-4, atol=1e-5 * float(b.abs().max()))
