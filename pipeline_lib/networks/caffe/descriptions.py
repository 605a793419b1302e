"""The layers of the authors' networks, with Caffe's names.

Sources: the prototxt files of BVLC's bvlc_reference_caffenet and bvlc_googlenet, VGG's
VGG_ILSVRC_16_layers, and the authors' deploy_{alexnetplus,vgg16,googlenet}CAM.
"""

from dataclasses import dataclass

from pipeline_lib.networks.caffe.layers import Conv, Description, Inception, Norm, Pool
from pipeline_lib.networks.googlenet import INCEPTION
from pipeline_lib.networks.vgg import BLOCKS


@dataclass(frozen=True)
class Base:
    """A network's layers up to its last maps; ``optional_pool`` is left out for half the input."""

    layers: Description
    optional_pool: str


def _vgg() -> Description:
    layers: Description = {}
    for block, (size, convolutions) in enumerate(BLOCKS, start=1):
        layers |= {f"conv{block}_{i}": Conv(size, 3, pad=1) for i in range(1, convolutions + 1)}
        layers[f"pool{block}"] = Pool(2, 2)
    del layers["pool5"]  # it belongs to the fully connected head
    return layers


def _inception(stage: str) -> Description:
    return {
        f"inception_{name}": Inception(sizes)
        for name, sizes in INCEPTION.items()
        if name.startswith(stage)
    }


ALEXNET = Base(
    {
        "conv1": Conv(96, 11, stride=4),
        "pool1": Pool(3, 2),
        "norm1": Norm(),
        "conv2": Conv(256, 5, pad=2, groups=2),
        "pool2": Pool(3, 2),
        "norm2": Norm(),
        "conv3": Conv(384, 3, pad=1),
        "conv4": Conv(384, 3, pad=1, groups=2),
        "conv5": Conv(256, 3, pad=1, groups=2),
    },
    optional_pool="pool1",
)
# AlexNet*-GAP has these layers instead of AlexNet's conv5.
ALEXNETPLUS: Description = {
    "conv5": Conv(384, 3, pad=1, groups=2),
    "pool5": Pool(3, 1),
    "conv6": Conv(512, 3, pad=1, groups=2),
    "conv7": Conv(512, 3, pad=1, groups=2),
}
VGG16 = Base(_vgg(), optional_pool="pool4")
GOOGLENET = Base(
    {
        "conv1/7x7_s2": Conv(64, 7, stride=2, pad=3),
        "pool1/3x3_s2": Pool(3, 2),
        "pool1/norm1": Norm(),
        "conv2/3x3_reduce": Conv(64, 1),
        "conv2/3x3": Conv(192, 3, pad=1),
        "conv2/norm2": Norm(),
        "pool2/3x3_s2": Pool(3, 2),
        **_inception("3"),
        "pool3/3x3_s2": Pool(3, 2),
        **_inception("4"),
        "pool4/3x3_s2": Pool(3, 2),
        **_inception("5"),
    },
    optional_pool="pool1/3x3_s2",
)
