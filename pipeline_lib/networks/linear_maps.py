"""Class maps of a linear classifier trained on a network's pooled maps (paper, section 4)."""

import numpy as np
import torch
from torch import nn
from torch.nn.functional import normalize

from pipeline_lib.networks.class_maps import POOLS, ClassMapNetwork, class_maps
from pipeline_lib.networks.gradients import Explanation


class LinearClassMaps(nn.Module):
    """A network whose last layer is replaced by a linear classifier of other classes.

    ``weights`` (classes, channels) and ``bias`` (classes,) are the classifier's. If ``normalised``, it
    was trained on pooled maps scaled to unit length. That scaling would multiply all class maps of an
    image by one positive number; it is left out, because thresholds are fractions of a map's maximum.
    """

    def __init__(
        self, network: ClassMapNetwork, weights: np.ndarray, bias: np.ndarray, normalised: bool
    ) -> None:
        super().__init__()
        self.network = network
        self.normalised = normalised
        self.register_buffer("weights", torch.from_numpy(weights).float())
        self.register_buffer("bias", torch.from_numpy(bias).float())

    @torch.inference_mode()
    def explain(self, images: torch.Tensor) -> Explanation:
        """(N, 3, H, W) to decision values, and from (N, k) classes to their (N, k, h, w) maps."""
        maps, _ = self.network(images)
        pooled = POOLS[self.network.map_layer.pool](maps)
        if self.normalised:
            pooled = normalize(pooled, dim=1)
        values = nn.functional.linear(pooled, self.weights, self.bias)
        return values, lambda classes: class_maps(maps, self.weights, classes)
