"""AlexNet, AlexNet-GAP and AlexNet*-GAP, with torchvision's trunk.

At full width the trunk has the shapes of torchvision's ``features[:12]``, in the same order, so
that its ImageNet weights load; ``width`` scales every layer for the mini study. ``batch_norm`` is
not in the originals; it lets a network learn within minutes of training from scratch.
"""

from collections import OrderedDict

from torch import nn

from pipeline_lib.networks.head import Classifier, ClassMapHead, class_map_head, dense_head
from pipeline_lib.networks.layers import conv_relu, scaled


def alexnet(
    classes: int,
    *,
    width: float = 1.0,
    half_input: bool = False,
    batch_norm: bool = False,
    dropout: float = 0.5,
) -> Classifier:
    """AlexNet itself; its last convolution is 13x13. Dropout follows fc6 and fc7, as in Caffe."""
    trunk, channels = _trunk(width, half_input, batch_norm)
    head = dense_head(nn.MaxPool2d(3, 2), channels, 6, classes, width=width, dropout=dropout)
    return Classifier(trunk, head)


def alexnet_gap(
    classes: int,
    *,
    width: float = 1.0,
    half_input: bool = False,
    batch_norm: bool = False,
    hidden: int = 1024,
    groups: int = 1,
    dropout: float = 0.0,
) -> Classifier:
    """AlexNet-GAP (paper, section 3): cut after conv5, 3x3x1024 conv, average pooling, 13x13."""
    trunk, channels = _trunk(width, half_input, batch_norm)
    hidden = scaled(hidden, width)
    return Classifier(
        trunk, class_map_head(channels, classes, hidden=hidden, groups=groups, dropout=dropout)
    )


def alexnetplus_gap(
    classes: int,
    *,
    width: float = 1.0,
    half_input: bool = False,
    batch_norm: bool = False,
    groups: int = 2,
    dropout: float = 0.5,
) -> Classifier:
    """AlexNet*-GAP (paper, section 3.1): pooling of stride 1 and two convolutions of 512, 11x11.

    conv7 outputs the maps. The authors' conv5 has 384 channels; here it keeps torchvision's 256,
    so that its weights load (``caffe_alexnetplus_gap`` is the authors' network).
    """
    trunk, channels = _trunk(width, half_input, batch_norm)
    maps = scaled(512, width)
    options = {"batch_norm": batch_norm, "padding": 1, "groups": groups}
    conv = OrderedDict(
        pool5=nn.MaxPool2d(3, 1),
        **conv_relu("conv6", channels, maps, 3, **options),
        **conv_relu("conv7", maps, maps, 3, **options),
    )
    head = ClassMapHead(nn.Sequential(conv), maps, classes, pool="avg", dropout=dropout)
    return Classifier(trunk, head)


def _trunk(width: float, half_input: bool, batch_norm: bool) -> tuple[nn.Sequential, int]:
    """conv1 to conv5, and the last one's channels; with ``half_input`` pool1 is left out."""
    w1, w2, w3, w4, w5 = (scaled(size, width) for size in (64, 192, 384, 256, 256))
    options = {"batch_norm": batch_norm}
    layers = conv_relu("conv1", 3, w1, 11, stride=4, padding=2, **options)
    if not half_input:
        layers["pool1"] = nn.MaxPool2d(3, 2)
    layers |= conv_relu("conv2", w1, w2, 5, padding=2, **options)
    layers["pool2"] = nn.MaxPool2d(3, 2)
    layers |= conv_relu("conv3", w2, w3, 3, padding=1, **options)
    layers |= conv_relu("conv4", w3, w4, 3, padding=1, **options)
    layers |= conv_relu("conv5", w4, w5, 3, padding=1, **options)
    return nn.Sequential(OrderedDict(layers)), w5
