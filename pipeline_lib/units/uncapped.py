"""A network's class map layer as units are ranked by it: without the cap that ReLU6 puts on it."""

import torch
from torch import nn

from pipeline_lib.networks.class_maps import ClassMapNetwork


class UnitMaps(nn.Module):
    """Gives the maps of a network's units, (N, units, h, w), and its logits, which are unchanged.

    Where the layer ends in ReLU6 (EfficientNet-Lite, MobileNetV2), a unit's largest value is 6 in many
    images alike: the strongest cannot be told, and hiding a part of one changes nothing. The maps are
    then what the cap is put on, not below zero.
    """

    def __init__(self, network: ClassMapNetwork) -> None:
        super().__init__()
        self.network = network
        layer = network.modules_by_name[network.found.layer]
        caps = [module for module in layer.modules() if isinstance(module, nn.Hardtanh)]
        self._cap = caps[-1] if caps and network.found.layout == "channels first" else None

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(N, 3, H, W) normalised images to maps and logits (N, classes)."""
        if self._cap is None:
            return self.network(images)
        kept: list[torch.Tensor] = []  # cloned: most caps work in place
        hook = self._cap.register_forward_pre_hook(lambda _, args: kept.append(args[0].clone()))
        try:
            maps, logits = self.network(images)
        finally:
            hook.remove()
        free = kept[-1].clamp(min=self._cap.min_val)
        same = free.shape == maps.shape and torch.equal(free.clamp(max=self._cap.max_val), maps)
        return (free if same else maps), logits
