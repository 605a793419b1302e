"""Network in Network (Lin et al. 2014): the last convolution has a channel per class.

This is Caffe's ImageNet NIN of four blocks. Its layers have Caffe's names, so that the released file
loads.
"""

from collections import OrderedDict

from torch import nn

from pipeline_lib.networks.head import Classifier
from pipeline_lib.networks.layers import conv_relu, scaled

# One spatial convolution and two 1x1 ones, each with a ReLU: name, channels, kernel, geometry.
_BLOCKS = (
    (("conv1", 96, 11, {"stride": 4}), ("cccp1", 96, 1, {}), ("cccp2", 96, 1, {})),
    (("conv2", 256, 5, {"padding": 2}), ("cccp3", 256, 1, {}), ("cccp4", 256, 1, {})),
    (("conv3", 384, 3, {"padding": 1}), ("cccp5", 384, 1, {}), ("cccp6", 384, 1, {})),
    (("conv4-1024", 1024, 3, {"padding": 1}), ("cccp7-1024", 1024, 1, {})),
)


def nin(
    classes: int,
    *,
    width: float = 1.0,
    half_input: bool = False,
    batch_norm: bool = False,
    dropout: float = 0.5,
) -> Classifier:
    """Network in Network: the map of class c is channel c of the last convolution, 6x6 at 224 px.

    The logits are the means of the class maps, which are behind a ReLU, as in Caffe's file.
    ``batch_norm`` is not in the original; it lets the network learn within the mini study's minute of
    training. With ``half_input`` the first max pooling is left out, so that half the input gives the
    same 6x6 maps.
    """
    layers: dict[str, nn.Module] = {}
    channels = 3
    for index, block in enumerate(_BLOCKS, start=1):
        for name, size, kernel, geometry in block:
            out = scaled(size, width)
            layers |= conv_relu(name, channels, out, kernel, batch_norm=batch_norm, **geometry)
            channels = out
        if index < 4 and not (half_input and index == 1):
            layers[f"pool{index}"] = nn.MaxPool2d(3, 2, ceil_mode=True)
        if index == 3:
            layers["drop"] = nn.Dropout(dropout)
    head = OrderedDict(
        **conv_relu("cccp8-1024", channels, classes, 1, batch_norm=False),
        pool4=nn.AdaptiveAvgPool2d(1),
        flatten=nn.Flatten(),
    )
    return Classifier(nn.Sequential(OrderedDict(layers)), nn.Sequential(head), initial_bias=0.0)
