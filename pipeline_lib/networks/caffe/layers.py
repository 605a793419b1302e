"""Caffe's layers, and networks built from a description of them.

A description is an ordered dict from Caffe's layer names to layers. The modules get the same names, so
that the blobs of a released file can be assigned by name.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import nn

from pipeline_lib.networks.layers import scaled


class Convolution(nn.Conv2d):
    """A convolution with its in-place ReLU: its output is Caffe's blob of the same name."""

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """(N, channels, h, w) to (N, outputs, h', w'), none negative."""
        return super().forward(maps).relu_()


class InceptionBlock(nn.Module):
    """GoogLeNet's block (Szegedy et al. 2015, Figure 2b), with a true 5x5 branch.

    ``sizes`` are the channels of 1x1, 3x3 reduce, 3x3, 5x5 reduce, 5x5 and the projection of the
    pooling.
    """

    def __init__(self, name: str, channels: int, sizes: list[int]) -> None:
        super().__init__()
        one, three_reduce, three, five_reduce, five, projection = sizes
        branches = (
            {"1x1": Convolution(channels, one, 1)},
            {
                "3x3_reduce": Convolution(channels, three_reduce, 1),
                "3x3": Convolution(three_reduce, three, 3, padding=1),
            },
            {
                "5x5_reduce": Convolution(channels, five_reduce, 1),
                "5x5": Convolution(five_reduce, five, 5, padding=2),
            },
            {
                "pool": nn.MaxPool2d(3, 1, padding=1),
                "pool_proj": Convolution(channels, projection, 1),
            },
        )
        self.branches = nn.ModuleList(
            nn.Sequential(OrderedDict((f"{name}/{key}", layer) for key, layer in branch.items()))
            for branch in branches
        )

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """(N, channels, h, w) to the branches' outputs side by side, (N, sum of outputs, h, w)."""
        return torch.cat([branch(maps) for branch in self.branches], dim=1)


@dataclass(frozen=True)
class Conv:
    """A convolution and its ReLU."""

    outputs: int
    kernel: int
    stride: int = 1
    pad: int = 0
    groups: int = 1

    def build(self, _name: str, channels: int, width: float) -> tuple[nn.Module, int]:
        """Return the module for ``channels`` inputs, and its number of outputs."""
        out = scaled(self.outputs, width)
        geometry = {"stride": self.stride, "padding": self.pad, "groups": self.groups}
        return Convolution(channels, out, self.kernel, **geometry), out


@dataclass(frozen=True)
class Pool:
    """Max pooling; Caffe rounds the size of its output up."""

    kernel: int
    stride: int

    def build(self, _name: str, channels: int, _width: float) -> tuple[nn.Module, int]:
        """Return the module for ``channels`` inputs, and its number of outputs."""
        return nn.MaxPool2d(self.kernel, self.stride, ceil_mode=True), channels


@dataclass(frozen=True)
class Norm:
    """Local response normalisation across channels, with the parameters of all these networks."""

    def build(self, _name: str, channels: int, _width: float) -> tuple[nn.Module, int]:
        """Return the module for ``channels`` inputs, and its number of outputs."""
        return nn.LocalResponseNorm(5, alpha=1e-4, beta=0.75, k=1.0), channels


@dataclass(frozen=True)
class Inception:
    """GoogLeNet's block; ``sizes`` as in ``InceptionBlock``."""

    sizes: tuple[int, int, int, int, int, int]

    def build(self, name: str, channels: int, width: float) -> tuple[nn.Module, int]:
        """Return the module for ``channels`` inputs, and its number of outputs."""
        sizes = [scaled(size, width) for size in self.sizes]
        return InceptionBlock(name, channels, sizes), sizes[0] + sizes[2] + sizes[4] + sizes[5]


Description = Mapping[str, Conv | Pool | Norm | Inception]


def build_layers(
    description: Description, channels: int, width: float
) -> tuple[OrderedDict[str, nn.Module], int]:
    """Build the layers for ``channels`` inputs; return them by name, and the number of outputs."""
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for name, layer in description.items():
        layers[name], channels = layer.build(name, channels, width)
    return layers, channels
