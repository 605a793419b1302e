"""The paper's networks as in Caffe: grouped convolutions, LRN, no batch norm.

The input is 227 px for AlexNet (115 with ``half_input``) and 224 px (112) for the others.
"""

from collections import OrderedDict

from torch import nn

from pipeline_lib.networks.caffe.descriptions import ALEXNET, ALEXNETPLUS, GOOGLENET, VGG16, Base
from pipeline_lib.networks.caffe.layers import Conv, build_layers
from pipeline_lib.networks.head import GLOBAL_POOLS, Classifier, dense_head


def caffe_alexnet(
    classes: int, *, width: float = 1.0, half_input: bool = False, dropout: float = 0.5
) -> Classifier:
    """BVLC's CaffeNet, the paper's AlexNet; its last convolution is 13x13."""
    trunk, channels = _trunk(ALEXNET, "conv5", width, half_input)
    pool5 = nn.MaxPool2d(3, 2, ceil_mode=True)
    head = dense_head(pool5, channels, 6, classes, width=width, dropout=dropout)
    return Classifier(trunk, head)


def caffe_alexnet_gap(
    classes: int,
    *,
    width: float = 1.0,
    half_input: bool = False,
    hidden: int = 1024,
    groups: int = 1,
    dropout: float = 0.0,
) -> Classifier:
    """AlexNet-GAP (paper, section 3): cut after conv5, 13x13. No weights were released."""
    trunk, channels = _trunk(ALEXNET, "conv5", width, half_input)
    return Classifier(trunk, _head(channels, classes, width, hidden, groups, "avg", dropout))


def caffe_alexnetplus_gap(
    classes: int, *, width: float = 1.0, half_input: bool = False, dropout: float = 0.5
) -> Classifier:
    """AlexNet*-GAP as released: conv7 outputs the maps, 512 of 11x11.

    Its conv5 has 384 channels and CaffeNet's 256, so that fine-tuning can load conv1 to conv4 only.
    """
    trunk, channels = _trunk(ALEXNET, "conv4", width, half_input)
    layers, channels = build_layers(ALEXNETPLUS, channels, width)
    layers |= _pooled("pool8_global", "drop8", "fc9", channels, classes, "avg", dropout)
    return Classifier(trunk, nn.Sequential(layers))


def caffe_vgg16(
    classes: int, *, width: float = 1.0, half_input: bool = False, dropout: float = 0.5
) -> Classifier:
    """VGG-16; its last convolution is 14x14."""
    trunk, channels = _trunk(VGG16, "conv5_3", width, half_input)
    pool5 = nn.MaxPool2d(2, 2, ceil_mode=True)
    head = dense_head(pool5, channels, 7, classes, width=width, dropout=dropout)
    return Classifier(trunk, head)


def caffe_vgg16_gap(
    classes: int,
    *,
    width: float = 1.0,
    half_input: bool = False,
    hidden: int = 1024,
    groups: int = 1,
    dropout: float = 0.5,
) -> Classifier:
    """VGGnet-GAP (paper, section 3): cut after conv5_3, 14x14."""
    trunk, channels = _trunk(VGG16, "conv5_3", width, half_input)
    head = _head(channels, classes, width, hidden, groups, "avg", dropout)
    return Classifier(trunk, head, initial_bias=0.0)


def caffe_googlenet(
    classes: int, *, width: float = 1.0, half_input: bool = False, dropout: float = 0.4
) -> Classifier:
    """BVLC's GoogLeNet without its auxiliary classifiers; its last block is 7x7."""
    trunk, channels = _trunk(GOOGLENET, "inception_5b", width, half_input)
    names = ("pool5/7x7_s1", "pool5/drop_7x7_s1", "loss3/classifier")
    return Classifier(trunk, nn.Sequential(_pooled(*names, channels, classes, "avg", dropout)))


def caffe_googlenet_gap(
    classes: int,
    *,
    width: float = 1.0,
    half_input: bool = False,
    hidden: int = 1024,
    groups: int = 1,
    dropout: float = 0.0,
) -> Classifier:
    """GoogLeNet-GAP (paper, section 3): cut after inception_4e, 14x14."""
    trunk, channels = _trunk(GOOGLENET, "inception_4e", width, half_input)
    return Classifier(trunk, _head(channels, classes, width, hidden, groups, "avg", dropout))


def caffe_googlenet_gmp(
    classes: int,
    *,
    width: float = 1.0,
    half_input: bool = False,
    hidden: int = 1024,
    groups: int = 1,
    dropout: float = 0.0,
) -> Classifier:
    """GoogLeNet-GMP (paper, section 3.2): max pooling. No weights were released."""
    trunk, channels = _trunk(GOOGLENET, "inception_4e", width, half_input)
    return Classifier(trunk, _head(channels, classes, width, hidden, groups, "max", dropout))


def _trunk(base: Base, last: str, width: float, half_input: bool) -> tuple[nn.Sequential, int]:
    """The layers up to ``last``, and the last one's channels."""
    names = list(base.layers)
    kept = names[: names.index(last) + 1]
    if half_input:
        kept.remove(base.optional_pool)
    layers, channels = build_layers({name: base.layers[name] for name in kept}, 3, width)
    return nn.Sequential(layers), channels


def _head(
    channels: int,
    classes: int,
    width: float,
    hidden: int,
    groups: int,
    pool: str,
    dropout: float,
) -> nn.Sequential:
    """The paper's head, with the authors' layer names."""
    description = {"CAM_conv": Conv(hidden, 3, pad=1, groups=groups)}
    layers, channels = build_layers(description, channels, width)
    layers |= _pooled("CAM_pool", "CAM_dropout", "CAM_fc", channels, classes, pool, dropout)
    return nn.Sequential(layers)


def _pooled(
    pool_name: str,
    dropout_name: str,
    linear_name: str,
    channels: int,
    classes: int,
    pool: str,
    dropout: float,
) -> OrderedDict[str, nn.Module]:
    """Global pooling ("avg" or "max"), dropout and the linear layer, with Caffe's names."""
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    layers[pool_name] = GLOBAL_POOLS[pool]()
    layers[dropout_name] = nn.Dropout(dropout)
    layers["flatten"] = nn.Flatten()
    layers[linear_name] = nn.Linear(channels, classes)
    return layers
