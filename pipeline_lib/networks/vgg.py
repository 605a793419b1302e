"""VGG-16 and VGGnet-GAP, with torchvision's trunk.

At full width the trunk has the shapes of torchvision's ``features[:30]``, in the same order, so
that its ImageNet weights load; ``width`` scales every layer for the mini study. ``batch_norm`` is
not in the originals; it lets a network learn within minutes of training from scratch.
"""

from collections import OrderedDict

from torch import nn

from pipeline_lib.networks.head import Classifier, class_map_head, dense_head
from pipeline_lib.networks.layers import conv_relu, scaled

# (channels, convolutions) of each block, Simonyan and Zisserman 2015, Table 1, column D.
BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))


def vgg16(
    classes: int,
    *,
    width: float = 1.0,
    half_input: bool = False,
    batch_norm: bool = False,
    dropout: float = 0.5,
) -> Classifier:
    """VGG-16 itself; its last convolution is 14x14."""
    trunk, channels = _trunk(width, half_input, batch_norm)
    head = dense_head(nn.MaxPool2d(2), channels, 7, classes, width=width, dropout=dropout)
    return Classifier(trunk, head)


def vgg16_gap(
    classes: int,
    *,
    width: float = 1.0,
    half_input: bool = False,
    batch_norm: bool = False,
    hidden: int = 1024,
    groups: int = 1,
    dropout: float = 0.5,
) -> Classifier:
    """VGGnet-GAP (paper, section 3): cut after conv5_3, 3x3x1024 conv, average pooling, 14x14."""
    trunk, channels = _trunk(width, half_input, batch_norm)
    hidden = scaled(hidden, width)
    head = class_map_head(channels, classes, hidden=hidden, groups=groups, dropout=dropout)
    return Classifier(trunk, head, initial_bias=0.0)


def _trunk(width: float, half_input: bool, batch_norm: bool) -> tuple[nn.Sequential, int]:
    """conv1_1 to conv5_3, and the last one's channels; with ``half_input`` pool4 is left out.

    Leaving out the last pooling costs least: only conv5 then computes on larger maps.
    """
    layers: dict[str, nn.Module] = {}
    channels = 3
    for block, (size, convolutions) in enumerate(BLOCKS, start=1):
        for index in range(1, convolutions + 1):
            out = scaled(size, width)
            layers |= conv_relu(
                f"conv{block}_{index}", channels, out, 3, batch_norm=batch_norm, padding=1
            )
            channels = out
        if block < 4 or (block == 4 and not half_input):
            layers[f"pool{block}"] = nn.MaxPool2d(2)
    return nn.Sequential(OrderedDict(layers)), channels
