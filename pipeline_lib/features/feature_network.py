"""A network cut before its last linear layer: that layer's input is the features."""

import torch
from torch import nn

from pipeline_lib.networks.tracing import trace

POOLED = "the pooled scores"


class FeatureNetwork(nn.Module):
    """Maps images to the flattened input of the classifier's last linear layer: (N, 3, H, W) to (N, d).

    That is the output of GAP (GoogLeNet-GAP), the average pool (GoogLeNet) or fc7 (AlexNet). Networks
    whose scores are pooled maps (NIN, SqueezeNet) have no such layer; there the scores are the
    features. ``size`` is the network's input (height, width); the classifier is switched to evaluation
    mode.
    """

    def __init__(self, classifier: nn.Module, size: tuple[int, int]) -> None:
        super().__init__()
        self.classifier = classifier.eval()
        self.layer = trace(classifier, size).linear or POOLED
        self._linear = None if self.layer == POOLED else classifier.get_submodule(self.layer)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(N, 3, H, W) normalised images to (N, d) features."""
        if self._linear is None:
            return self.classifier(images).flatten(1)
        inputs: list[torch.Tensor] = []
        hook = self._linear.register_forward_pre_hook(lambda _, args: inputs.append(args[0]))
        try:
            self.classifier(images)
        finally:
            hook.remove()
        return inputs[0].flatten(1)
