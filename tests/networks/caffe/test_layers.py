"""Caffe's layers against independent versions of them."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from pipeline_lib.networks.caffe.layers import Conv, InceptionBlock, Norm, Pool
from pipeline_lib.networks.registry import build


def pooled_by_brute_force(maps, kernel, stride):
    """Caffe's max pooling: the output's size is rounded up, windows end at the border."""
    side = -(-(maps.shape[-1] - kernel) // stride) + 1
    out = np.empty((*maps.shape[:-2], side, side), dtype=maps.dtype)
    for y in range(side):
        for x in range(side):
            top, left = y * stride, x * stride
            out[..., y, x] = maps[..., top : top + kernel, left : left + kernel].max((-2, -1))
    return out


@pytest.mark.parametrize(("kernel", "stride"), [(3, 2), (2, 2), (3, 1)])
@pytest.mark.parametrize("side", [5, 6, 7, 8, 27, 54])
def test_pooling_rounds_up_as_in_caffe(kernel, stride, side):
    maps = np.random.default_rng(side).normal(size=(2, 3, side, side)).astype(np.float32)
    layer, channels = Pool(kernel, stride).build("pool", 3, 1.0)
    expected = pooled_by_brute_force(maps, kernel, stride)
    assert channels == 3
    assert np.array_equal(layer(torch.from_numpy(maps)).numpy(), expected)


def test_local_response_normalisation_is_caffes_formula():
    maps = np.random.default_rng(0).normal(0, 60, size=(2, 9, 4, 5))
    expected = np.empty_like(maps)
    for channel in range(9):
        window = maps[:, max(0, channel - 2) : channel + 3]
        scale = 1 + 1e-4 / 5 * (window**2).sum(axis=1)
        expected[:, channel] = maps[:, channel] / scale**0.75
    layer, _ = Norm().build("norm", 9, 1.0)
    np.testing.assert_allclose(layer(torch.from_numpy(maps)).numpy(), expected, rtol=1e-10)
    assert np.abs(expected / maps - 1).max() > 0.05  # it does something at these magnitudes


def test_a_grouped_convolution_is_two_convolutions_of_half_the_channels():
    torch.manual_seed(0)
    layer, channels = Conv(8, 3, stride=2, pad=1, groups=2).build("conv", 12, 1.0)
    maps = torch.randn(2, 12, 9, 9)
    halves = [
        functional.conv2d(
            maps[:, 6 * g : 6 * g + 6],
            layer.weight[4 * g : 4 * g + 4],
            layer.bias[4 * g : 4 * g + 4],
            stride=2,
            padding=1,
        )
        for g in (0, 1)
    ]
    assert channels == 8
    torch.testing.assert_close(layer(maps), torch.cat(halves, 1).clamp(min=0))


def test_an_inception_block_is_its_four_branches():
    torch.manual_seed(0)
    block = InceptionBlock("inception_3a", 6, [4, 3, 5, 2, 6, 7])
    layers = {path.split(".")[-1]: module for path, module in block.named_modules()}

    def convolved(part, maps, padding):
        layer = layers[f"inception_3a/{part}"]
        return functional.conv2d(maps, layer.weight, layer.bias, padding=padding).clamp(min=0)

    maps = torch.randn(2, 6, 8, 8)
    padded = functional.pad(maps, (1, 1, 1, 1), value=float("-inf"))
    highest = padded.unfold(2, 3, 1).unfold(3, 3, 1).amax((-2, -1))
    expected = [
        convolved("1x1", maps, 0),
        convolved("3x3", convolved("3x3_reduce", maps, 0), 1),
        convolved("5x5", convolved("5x5_reduce", maps, 0), 2),
        convolved("pool_proj", highest, 0),
    ]
    torch.testing.assert_close(block(maps), torch.cat(expected, 1))
    assert layers["inception_3a/5x5"].kernel_size == (5, 5)


# Shapes of weights as the prototxt files of the networks imply them.
SHAPES = {
    "caffe_alexnet": {
        "conv1": (96, 3, 11, 11),
        "conv2": (256, 48, 5, 5),
        "conv3": (384, 256, 3, 3),
        "conv4": (384, 192, 3, 3),
        "conv5": (256, 192, 3, 3),
        "fc6": (4096, 9216),
        "fc7": (4096, 4096),
        "fc8": (1000, 4096),
    },
    "caffe_alexnetplus_gap": {
        "conv5": (384, 192, 3, 3),
        "conv6": (512, 192, 3, 3),
        "conv7": (512, 256, 3, 3),
        "fc9": (1000, 512),
    },
    "caffe_vgg16": {
        "conv1_1": (64, 3, 3, 3),
        "conv3_3": (256, 256, 3, 3),
        "conv5_3": (512, 512, 3, 3),
        "fc6": (4096, 25088),
    },
    "caffe_vgg16_gap": {"CAM_conv": (1024, 512, 3, 3), "CAM_fc": (1000, 1024)},
    "caffe_googlenet": {
        "conv1/7x7_s2": (64, 3, 7, 7),
        "conv2/3x3_reduce": (64, 64, 1, 1),
        "inception_3a/5x5": (32, 16, 5, 5),
        "inception_4e/pool_proj": (128, 528, 1, 1),
        "inception_5b/3x3": (384, 192, 3, 3),
        "loss3/classifier": (1000, 1024),
    },
    "caffe_googlenet_gap": {"CAM_conv": (1024, 832, 3, 3), "CAM_fc": (1000, 1024)},
    "nin": {
        "conv1": (96, 3, 11, 11),
        "cccp2": (96, 96, 1, 1),
        "conv4-1024": (1024, 384, 3, 3),
        "cccp7-1024": (1024, 1024, 1, 1),
        "cccp8-1024": (1000, 1024, 1, 1),
    },
}


@pytest.mark.parametrize("architecture", SHAPES)
def test_layers_have_the_names_and_shapes_of_the_prototxt(architecture):
    with torch.device("meta"):
        modules = build(architecture, 1000, {}).named_modules()
    found = {path.split(".")[-1]: module for path, module in modules}
    shapes = {name: tuple(found[name].weight.shape) for name in SHAPES[architecture]}
    assert shapes == SHAPES[architecture]
