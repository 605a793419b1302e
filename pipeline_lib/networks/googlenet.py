"""GoogLeNet, GoogLeNet-GAP and GoogLeNet-GMP, with torchvision's trunk.

The trunk has torchvision's parameter names, so that at full width its ImageNet weights load unchanged;
``width`` scales every layer for the mini study. The blocks are built here because importing torchvision
takes seconds, and there are many short jobs.
"""

from collections import OrderedDict

import torch
from torch import nn

from pipeline_lib.networks.head import Classifier, class_map_head
from pipeline_lib.networks.layers import scaled

# (1x1, 3x3 reduce, 3x3, 5x5 reduce, 5x5, pool projection), Szegedy et al. 2015, Table 1.
INCEPTION = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}


def _convolution(channels: int, out: int, kernel: int, **geometry: int) -> nn.Sequential:
    """A convolution, batch norm and ReLU."""
    conv = nn.Conv2d(channels, out, kernel, bias=False, **geometry)
    layers = {"conv": conv, "bn": nn.BatchNorm2d(out, eps=0.001), "relu": nn.ReLU(inplace=True)}
    return nn.Sequential(OrderedDict(layers))


class Inception(nn.Module):
    """GoogLeNet's block as torchvision has it: with batch norm, and a 3x3 in the "5x5" branch."""

    def __init__(self, channels: int, sizes: list[int]) -> None:
        super().__init__()
        one, three_reduce, three, five_reduce, five, projection = sizes
        self.branch1 = _convolution(channels, one, 1)
        self.branch2 = nn.Sequential(
            _convolution(channels, three_reduce, 1), _convolution(three_reduce, three, 3, padding=1)
        )
        self.branch3 = nn.Sequential(
            _convolution(channels, five_reduce, 1), _convolution(five_reduce, five, 3, padding=1)
        )
        self.branch4 = nn.Sequential(
            nn.MaxPool2d(3, 1, padding=1), _convolution(channels, projection, 1)
        )

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """(N, channels, h, w) to the branches' outputs side by side, (N, sum of outputs, h, w)."""
        branches = (self.branch1, self.branch2, self.branch3, self.branch4)
        return torch.cat([branch(maps) for branch in branches], dim=1)


def googlenet(
    classes: int, *, width: float = 1.0, half_input: bool = False, dropout: float = 0.2
) -> Classifier:
    """GoogLeNet itself: its class maps are those of the last Inception block, 7x7."""
    trunk, channels = _trunk("5b", width, half_input)
    head = OrderedDict(
        avgpool=nn.AdaptiveAvgPool2d(1),
        flatten=nn.Flatten(),
        dropout=nn.Dropout(dropout),
        fc=nn.Linear(channels, classes),
    )
    return Classifier(trunk, nn.Sequential(head))


def googlenet_gap(
    classes: int,
    *,
    width: float = 1.0,
    half_input: bool = False,
    hidden: int = 1024,
    groups: int = 1,
    dropout: float = 0.0,
) -> Classifier:
    """GoogLeNet-GAP (paper, section 3): cut after inception4e, 3x3x1024 conv, average pooling, 14x14."""
    return _with_class_map_head(classes, width, half_input, hidden, groups, "avg", dropout)


def googlenet_gmp(
    classes: int,
    *,
    width: float = 1.0,
    half_input: bool = False,
    hidden: int = 1024,
    groups: int = 1,
    dropout: float = 0.0,
) -> Classifier:
    """GoogLeNet-GMP (paper, section 3.2): GoogLeNet-GAP with max instead of average pooling."""
    return _with_class_map_head(classes, width, half_input, hidden, groups, "max", dropout)


def _with_class_map_head(
    classes: int,
    width: float,
    half_input: bool,
    hidden: int,
    groups: int,
    pool: str,
    dropout: float,
) -> Classifier:
    trunk, channels = _trunk("4e", width, half_input)
    hidden = scaled(hidden, width)
    options = {"hidden": hidden, "groups": groups, "pool": pool, "dropout": dropout}
    return Classifier(trunk, class_map_head(channels, classes, **options))


def _trunk(last: str, width: float, half_input: bool) -> tuple[nn.Sequential, int]:
    """The layers up to the Inception block ``last``, and its channels.

    At 224 px the maps are 14x14 after 4e and 7x7 after 5b. With ``half_input`` the first max pooling
    is left out.
    """
    w64, w192 = scaled(64, width), scaled(192, width)
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    layers["conv1"] = _convolution(3, w64, 7, stride=2, padding=3)
    if not half_input:
        layers["maxpool1"] = nn.MaxPool2d(3, 2, ceil_mode=True)
    layers["conv2"] = _convolution(w64, w64, 1)
    layers["conv3"] = _convolution(w64, w192, 3, padding=1)
    layers["maxpool2"] = nn.MaxPool2d(3, 2, ceil_mode=True)
    channels = w192
    for name, branches in INCEPTION.items():
        if name == "4a":
            layers["maxpool3"] = nn.MaxPool2d(3, 2, ceil_mode=True)
        if name == "5a":
            layers["maxpool4"] = nn.MaxPool2d(2, 2, ceil_mode=True)
        sizes = [scaled(size, width) for size in branches]
        layers[f"inception{name}"] = Inception(channels, sizes)
        channels = sizes[0] + sizes[2] + sizes[4] + sizes[5]
        if name == last:
            break
    return nn.Sequential(layers), channels
