"""Theoretical receptive fields against closed forms, published sizes, and brute force by NaN."""

from math import inf

import numpy as np
import pytest
import torch
import torchvision
from torch import nn
from torch.nn import functional

from pipeline_lib.common.errors import InputError
from pipeline_lib.networks.registry import build
from pipeline_lib.units.receptive_field import Axis, ReceptiveField
from pipeline_lib.units.theoretical_field import theoretical_field


def test_a_plain_stack_has_the_closed_form():
    layers = [(7, 2, 3, 1), (3, 1, 1, 1), (3, 2, 0, 1), (5, 1, 2, 2)]
    stack = nn.Sequential(
        *(nn.Conv2d(3, 3, k, stride=s, padding=p, dilation=d) for k, s, p, d in layers)
    )
    steps = np.cumprod([1, *(s for _, s, _, _ in layers)])
    size = 1 + sum(d * (k - 1) * step for (k, _, _, d), step in zip(layers, steps, strict=False))
    low = -sum(p * step for (_, _, p, _), step in zip(layers, steps, strict=False))
    field = theoretical_field(stack, "3", (64, 64))
    assert field.x == field.y == Axis(low, low + size, steps[-1])


@pytest.mark.parametrize(
    ("name", "layer", "size", "step"),
    [
        *(("alexnet", "features.10", 163, 16), ("alexnet", "features.12", 195, 32)),
        *(("vgg16", "features.28", 196, 16), ("vgg16", "features.30", 212, 32)),
        ("resnet18", "layer4", 435, 32),
    ],
)
def test_known_networks_have_their_known_sizes(name, layer, size, step):
    with torch.device("meta"):
        network = getattr(torchvision.models, name)().eval()
    field = theoretical_field(network, layer, (96, 96))
    assert (field.x.size, field.x.step) == (field.y.size, field.y.step) == (size, step)


class Branches(nn.Module):
    """Everything at once: branches, a shortcut, uneven padding, rounding up, batch and group norm."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 8, (3, 5), stride=(2, 1), padding=(1, 0), bias=False)
        self.norm = nn.BatchNorm2d(8)
        self.small = nn.Conv2d(8, 8, 1)
        self.large = nn.Conv2d(8, 8, 5, padding=2, groups=2)
        self.pool = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.lrn = nn.LocalResponseNorm(5)
        self.mean = nn.AvgPool2d(2, 1)
        self.last = nn.Conv2d(16, 4, 3, padding=1, dilation=2)

    def forward(self, x):
        x = functional.pad(functional.silu(self.norm(self.first(x))), (1, 0, 0, 2))
        x = self.lrn(self.small(x) * torch.sigmoid(self.small(x)) + x)
        x = torch.cat([self.mean(self.pool(self.small(x))), self.mean(self.pool(self.large(x)))], 1)
        return self.last(functional.dropout(x, training=self.training))


@torch.no_grad()
def touched_by_nan(network, size):
    """Which rows and which columns of pixels make a unit NaN: (units' y, x, rows or columns)."""
    touched = []
    for axis in (2, 3):
        images = torch.zeros(size[axis - 2], 3, *size, dtype=torch.float64)
        for at, image in enumerate(images):
            image.select(axis - 1, at).fill_(torch.nan)
        touched.append(network(images)[:, 0].isnan().movedim(0, -1).numpy())
    return touched


def test_branches_and_odd_padding_agree_with_brute_force():
    torch.manual_seed(0)
    network, size = Branches().eval().double(), (41, 33)
    whole = nn.Sequential(network)
    with torch.no_grad():
        cells = network(torch.zeros(1, 3, *size, dtype=torch.float64)).shape[2:]
    field = theoretical_field(whole.float(), "0", size)
    assert field.cells == tuple(cells)
    rows, columns = touched_by_nan(network.double(), size)
    for position in np.ndindex(*cells):
        x0, y0, x1, y1 = field.box(position)
        inside = (max(x0, 0), min(x1, size[1]), max(y0, 0), min(y1, size[0]))
        across, down = np.flatnonzero(columns[position]), np.flatnonzero(rows[position])
        assert (across[0], across[-1] + 1, down[0], down[-1] + 1) == inside


class Squeezed(nn.Module):
    def forward(self, x):
        return x * torch.sigmoid(x.mean((2, 3), keepdim=True))


def test_what_mixes_all_positions_depends_on_everything():
    network = nn.Sequential(nn.Conv2d(3, 3, 3), Squeezed(), nn.Conv2d(3, 3, 3))
    assert theoretical_field(network, "0", (16, 16)).x.size == 3
    field = theoretical_field(network, "2", (16, 16))
    assert field.x.size == field.y.size == inf
    assert field.box((1, 2)) == (-inf, -inf, inf, inf)
    assert field.centre((0, 11)) == pytest.approx((16 / 24, 11.5 * 16 / 12))


def test_the_field_of_caffes_alexnet_star_is_larger_than_its_input():
    field = theoretical_field(build("caffe_alexnetplus_gap", 10, {}), "head.conv7", (227, 227))
    assert field.cells == (11, 11)
    assert (field.x.size, field.x.step) == (259, 16)
    assert field.centre((5, 5)) == (113.5, 113.5)  # no padding where it would be uneven


def test_centres_and_boxes_are_those_of_the_axes():
    field = ReceptiveField(Axis(-3, 8, 4), Axis(0, 1, 2), (32, 40), (8, 20))
    assert field.centre((2, 3)) == (10.5, 6.5)
    assert field.box((2, 3)) == (6, 5, 7, 16)


def test_a_layer_without_maps_is_refused():
    network = nn.Sequential(nn.Flatten(), nn.Linear(3 * 64, 2))
    with pytest.raises(InputError, match="1: outputs no maps"):
        theoretical_field(network, "1", (8, 8))
