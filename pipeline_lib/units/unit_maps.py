"""The activation maps that units are ranked by: the class map layer's, before the cap of a ReLU6."""

import torch
from torch import nn

from pipeline_lib.networks.class_maps import ClassMapNetwork
from pipeline_lib.networks.layouts import FIRST


class UnitMaps(nn.Module):
    """Returns the maps of a network's units, (N, units, h, w), and its unchanged logits.

    If the layer ends in ReLU6 (EfficientNet-Lite, MobileNetV2), the largest value of a unit is 6 in many
    images: they cannot be ranked, and occlusion changes nothing. The maps are then taken before the cap,
    with negative values set to zero.
    """

    def __init__(self, network: ClassMapNetwork) -> None:
        super().__init__()
        self.network = network
        layer = network.modules_by_name[network.map_layer.name]
        caps = [module for module in layer.modules() if isinstance(module, nn.Hardtanh)]
        self._cap = caps[-1] if caps and network.map_layer.layout == FIRST else None

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(N, 3, H, W) normalised images to maps and logits (N, classes)."""
        if self._cap is None:
            return self.network(images)
        inputs: list[torch.Tensor] = []  # cloned: most caps work in place
        hook = self._cap.register_forward_pre_hook(lambda _, args: inputs.append(args[0].clone()))
        try:
            maps, logits = self.network(images)
        finally:
            hook.remove()
        uncapped = inputs[-1].clamp(min=self._cap.min_val)
        capped = uncapped.clamp(max=self._cap.max_val)
        is_last = capped.shape == maps.shape and torch.equal(capped, maps)
        return (uncapped if is_last else maps), logits
