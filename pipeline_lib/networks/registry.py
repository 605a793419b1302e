"""The paper's networks by name: functions that build a classifier for a number of classes.

To add one, write such a function and list it here; the tests run over all of them.
"""

from collections.abc import Callable

from torch import nn

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.nearest import nearest
from pipeline_lib.networks.alexnet import alexnet, alexnet_gap, alexnetplus_gap
from pipeline_lib.networks.caffe.architectures import (
    caffe_alexnet,
    caffe_alexnet_gap,
    caffe_alexnetplus_gap,
    caffe_googlenet,
    caffe_googlenet_gap,
    caffe_googlenet_gmp,
    caffe_vgg16,
    caffe_vgg16_gap,
)
from pipeline_lib.networks.googlenet import googlenet, googlenet_gap, googlenet_gmp
from pipeline_lib.networks.nin import nin
from pipeline_lib.networks.vgg import vgg16, vgg16_gap

ARCHITECTURES: dict[str, Callable[..., nn.Module]] = {
    factory.__name__: factory
    for factory in (
        alexnet,
        alexnet_gap,
        alexnetplus_gap,
        vgg16,
        vgg16_gap,
        googlenet,
        googlenet_gap,
        googlenet_gmp,
        nin,
        caffe_alexnet,
        caffe_alexnet_gap,
        caffe_alexnetplus_gap,
        caffe_vgg16,
        caffe_vgg16_gap,
        caffe_googlenet,
        caffe_googlenet_gap,
        caffe_googlenet_gmp,
    )
}


def build(architecture: str, classes: int, options: dict[str, object]) -> nn.Module:
    """Build a classifier; raises InputError for an unknown architecture or option."""
    if architecture not in ARCHITECTURES:
        known, hint = ", ".join(ARCHITECTURES), nearest(architecture, ARCHITECTURES)
        raise InputError(f"unknown architecture '{architecture}'; choose one of {known}{hint}")
    try:
        return ARCHITECTURES[architecture](classes, **options)
    except (TypeError, ValueError) as error:  # an unknown option, or an impossible value
        raise InputError(f"architecture {architecture}: {error}") from None
