"""GoogLeNet and its two relatives of the paper: GoogLeNet-GAP and GoogLeNet-GMP.

Built from torchvision's Inception blocks, with torchvision's parameter names, so that at full
width its ImageNet weights load as they are; ``width`` scales every layer for the mini study.
"""

from collections import OrderedDict

import torch
from torch import nn
from torchvision.models.googlenet import BasicConv2d, Inception

from pipeline_lib.networks.head import ClassMapHead, scaled

# (1x1, 3x3 reduce, 3x3, 5x5 reduce, 5x5, pool projection), Szegedy et al. 2015, Table 1.
INCEPTION = {
    "inception3a": (64, 96, 128, 16, 32, 32),
    "inception3b": (128, 128, 192, 32, 96, 64),
    "inception4a": (192, 96, 208, 16, 48, 64),
    "inception4b": (160, 112, 224, 24, 64, 64),
    "inception4c": (128, 128, 256, 24, 64, 64),
    "inception4d": (112, 144, 288, 32, 64, 64),
    "inception4e": (256, 160, 320, 32, 128, 128),
    "inception5a": (256, 160, 320, 32, 128, 128),
    "inception5b": (384, 192, 384, 48, 128, 128),
}


class GoogLeNet(nn.Module):
    """A stack of Inception blocks up to ``last`` and a head that ends in global pooling.

    Forward takes (N, 3, H, W) float32, normalised, and returns (N, classes) logits. At 224 px the
    last map is 7x7 after inception5b and 14x14 after inception4e. Without ``stem_pool`` the first
    max pooling is left out: half the input then gives the same maps.
    """

    def __init__(
        self,
        classes: int,
        *,
        last: str,
        head_channels: int | None,
        pool: str,
        width: float = 1.0,
        stem_pool: bool = True,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        layers["conv1"] = BasicConv2d(3, scaled(64, width), kernel_size=7, stride=2, padding=3)
        if stem_pool:
            layers["maxpool1"] = nn.MaxPool2d(3, 2, ceil_mode=True)
        layers["conv2"] = BasicConv2d(scaled(64, width), scaled(64, width), kernel_size=1)
        layers["conv3"] = BasicConv2d(
            scaled(64, width), scaled(192, width), kernel_size=3, padding=1
        )
        layers["maxpool2"] = nn.MaxPool2d(3, 2, ceil_mode=True)
        channels = scaled(192, width)
        for name, branches in INCEPTION.items():
            if name == "inception4a":
                layers["maxpool3"] = nn.MaxPool2d(3, 2, ceil_mode=True)
            if name == "inception5a":
                layers["maxpool4"] = nn.MaxPool2d(2, 2, ceil_mode=True)
            sizes = [scaled(size, width) for size in branches]
            layers[name] = Inception(channels, *sizes)
            channels = sizes[0] + sizes[2] + sizes[4] + sizes[5]
            if name == last:
                break
        self.trunk = nn.Sequential(layers)
        self.head = ClassMapHead(
            channels,
            classes,
            hidden=None if head_channels is None else scaled(head_channels, width),
            pool=pool,
            dropout=dropout,
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(N, 3, H, W) to (N, classes) logits."""
        return self.head(self.trunk(images))


def googlenet(classes: int, **options: object) -> GoogLeNet:
    """GoogLeNet itself: its class maps are those of the last Inception block, 7x7."""
    return GoogLeNet(
        classes,
        **{"last": "inception5b", "head_channels": None, "pool": "avg", "dropout": 0.2} | options,
    )


def googlenet_gap(classes: int, **options: object) -> GoogLeNet:
    """GoogLeNet-GAP (paper, section 3): cut after inception4e, 3x3x1024 conv, average pooling, 14x14."""
    return GoogLeNet(
        classes, **{"last": "inception4e", "head_channels": 1024, "pool": "avg"} | options
    )


def googlenet_gmp(classes: int, **options: object) -> GoogLeNet:
    """GoogLeNet-GMP (paper, section 3.2): GoogLeNet-GAP with max for average."""
    return GoogLeNet(
        classes, **{"last": "inception4e", "head_channels": 1024, "pool": "max"} | options
    )
