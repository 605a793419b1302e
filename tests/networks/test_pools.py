"""The pools that GPUs can compute deterministically are PyTorch's, bit for bit."""

import pytest
import torch
from torch import nn

from pipeline_lib.networks.head import AveragePoolTo, GlobalMaxPool


def outputs_and_gradients(pool, maps):
    maps = maps.clone().requires_grad_()
    pooled = pool(maps)
    (pooled * torch.arange(pooled.numel()).view_as(pooled)).sum().backward()
    return pooled, maps.grad


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_global_max_pooling_with_its_ties(layout):
    """After a ReLU many maps are zero everywhere: the gradient goes to the same place."""
    torch.manual_seed(0)
    maps = torch.randn(6, 16, 7, 5).sub(1.5).relu().contiguous(memory_format=layout)
    assert (maps.flatten(2).max(2).values == 0).any()
    ours = outputs_and_gradients(GlobalMaxPool(), maps)
    theirs = outputs_and_gradients(nn.AdaptiveMaxPool2d(1), maps)
    assert all(map(torch.equal, ours, theirs))


@pytest.mark.parametrize("shape", [(6, 6), (13, 13), (5, 9)])
def test_average_pooling_to_a_size(shape):
    maps = torch.randn(2, 3, *shape)
    ours = outputs_and_gradients(AveragePoolTo(6), maps)
    theirs = outputs_and_gradients(nn.AdaptiveAvgPool2d(6), maps)
    assert all(map(torch.equal, ours, theirs))
