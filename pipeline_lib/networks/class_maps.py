"""Class activation maps of any classifier that has them; the layer they come from is found by a test.

A classifier has class activation maps if its scores are a linear function of globally pooled maps
(paper, Eqs. 1-2): either the last linear layer, or a convolution in its place (DLA), reads pooled maps,
or the scores are themselves the pooled channels of the last convolution (NIN, SqueezeNet).
``ClassMapNetwork`` runs a classifier once and searches for the layer with this property, so it needs
no list of architectures.
"""

from dataclasses import dataclass
from itertools import product

import torch
from torch import nn

from pipeline_lib.common.errors import InputError
from pipeline_lib.networks.gradients import Explanation
from pipeline_lib.networks.layouts import Layout, layouts_of
from pipeline_lib.networks.tracing import record_outputs, trace

POOLS = {"avg": lambda maps: maps.mean((2, 3)), "max": lambda maps: maps.amax((2, 3))}
_ACTIVATIONS = {"none": lambda maps: maps, "relu": torch.relu}


@dataclass(frozen=True)
class ClassMapLayer:
    """The layer that outputs the maps, and how scores are computed from them.

    ``name`` is the layer's path in the classifier. Its output, read in its ``layout``, goes through
    ``activation`` and global ``pool`` into the layer ``linear``, which is None where the maps' channels
    are the classes. Of a transformer that pools its tokens, these are the maps.
    """

    name: str
    layout: Layout
    activation: str
    pool: str
    linear: str | None


class ClassMapNetwork(nn.Module):
    """A classifier together with the layer of its class maps; switched to evaluation mode.

    ``size`` is the input's (height, width). Without a ``map_layer`` it is searched for. Raises
    InputError if the classifier has no class maps.
    """

    def __init__(
        self,
        classifier: nn.Module,
        size: tuple[int, int],
        name: str,
        map_layer: ClassMapLayer | None = None,
    ) -> None:
        super().__init__()
        self.classifier = classifier.eval()
        self.map_layer = map_layer or _find_map_layer(classifier, size, name)
        self.modules_by_name = dict(classifier.named_modules())

    @property
    def weights(self) -> torch.Tensor | None:
        """The (classes, channels) weights of the maps; None where the channels are the classes."""
        linear = self.map_layer.linear
        return None if linear is None else self.modules_by_name[linear].weight.detach().flatten(1)

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(N, 3, H, W) normalised images to their maps (N, channels, h, w) and logits (N, classes)."""
        layer = self.map_layer
        with record_outputs({layer.name: self.modules_by_name[layer.name]}) as outputs:
            logits = self.classifier(images)
        maps = layer.layout.maps(outputs[layer.name])
        return _ACTIVATIONS[layer.activation](maps), logits

    @torch.inference_mode()
    def explain(self, images: torch.Tensor) -> Explanation:
        """(N, 3, H, W) to logits, and from (N, k) classes to their (N, k, h, w) class maps."""
        maps, logits = self(images)
        return logits, lambda classes: class_maps(maps, self.weights, classes)


def class_maps(
    maps: torch.Tensor, weights: torch.Tensor | None, classes: torch.Tensor
) -> torch.Tensor:
    """Return the class activation maps, without bias (paper, Eq. 2).

    ``maps`` is (N, channels, h, w), ``weights`` (all classes, channels) or None where channels are
    classes, ``classes`` (N, k) int64. Returns (N, k, h, w). With average pooling, the mean of a map
    is the class score minus its bias.
    """
    if weights is None:
        index = classes[:, :, None, None].expand(-1, -1, *maps.shape[2:])
        return maps.gather(1, index)
    return torch.einsum("nkc,nchw->nkhw", weights[classes], maps)


def _find_map_layer(classifier: nn.Module, size: tuple[int, int], name: str) -> ClassMapLayer:
    """Run two random images and return the last layer whose pooled maps give the scores."""
    run = trace(classifier, size)
    if run.scores.std() == 0:
        raise InputError(
            f"{name}: gives every image and class the same score; its ReLUs are dead (always zero): "
            "train it anew"
        )
    targets: list[tuple[str | None, torch.Tensor]] = [(None, run.scores)]
    if run.linear is not None:
        targets.insert(0, (run.linear, run.linear_input))
    for linear, target in targets:
        for path, output in reversed(run.outputs.items()):
            layouts = layouts_of(output, size, any_aspect=True)
            for layout, activation, pool in product(layouts, _ACTIVATIONS, POOLS):
                maps = layout.maps(output)
                if maps.shape[1] != target.shape[-1]:
                    continue
                if _equal(POOLS[pool](_ACTIVATIONS[activation](maps)), target):
                    return ClassMapLayer(path, layout, activation, pool, linear)
    raise InputError(
        f"{name}: has no class maps: no layer's global pooling feeds its last linear layer or is its "
        "scores; choose a network that ends in global pooling and one linear layer, or Grad-CAM"
    )


def _equal(a: torch.Tensor, b: torch.Tensor) -> bool:
    return b.std() > 0 and torch.allclose(a, b, rtol=1e-4, atol=1e-5 * float(b.abs().max()))
