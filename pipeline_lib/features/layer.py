"""A network cut before its last linear layer: what that layer reads are the features."""

import torch
from torch import nn

from pipeline_lib.networks.tracing import trace

POOLED = "the pooled scores"


class FeatureNetwork(nn.Module):
    """Gives what the classifier's last linear layer reads, flattened: (N, 3, H, W) to (N, d).

    That is GAP's output (GoogLeNet-GAP), the average pool (GoogLeNet) or fc7 (AlexNet). Where no
    linear layer makes the scores they are themselves pooled maps (NIN, SqueezeNet), and the features
    too. ``size`` is the network's input (height, width); it is switched to evaluation mode.
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
        kept: list[torch.Tensor] = []
        hook = self._linear.register_forward_pre_hook(lambda _, args: kept.append(args[0]))
        try:
            self.classifier(images)
        finally:
            hook.remove()
        return kept[0].flatten(1)
