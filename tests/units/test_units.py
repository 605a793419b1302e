"""Receptive fields against closed forms and known networks; occlusion and tops against brute force."""

import numpy as np
import pandas as pd
import pytest
import torchvision
from torch import nn

from pipeline_lib.units.measure import in_a_box, unit_rows
from pipeline_lib.units.occlusion import disc, occluded_field, segment
from pipeline_lib.units.theoretical import receptive_field
from pipeline_lib.units.tops import Tops, strongest_units


class Maps(nn.Module):
    """What receptive fields are asked of: maps, and scores nobody looks at."""

    def __init__(self, layers):
        super().__init__()
        self.layers = layers

    def forward(self, images):
        maps = self.layers(images)
        return maps, maps.mean((2, 3))


def stack(layers):
    """Layers of (kernel, stride, padding), alternately convolutions and poolings, and their closed form.

    Size and stride grow layer by layer; the start moves by the padding, in steps of the stride so far.
    """
    made, size, stride, start, channels = [], 1, 1, 0, 3
    for number, (kernel, step, padding) in enumerate(layers):
        if number % 3 == 2:
            made.append(nn.MaxPool2d(kernel, step, padding))
        else:
            made += [nn.Conv2d(channels, 4, kernel, step, padding), nn.BatchNorm2d(4), nn.ReLU()]
            channels = 4
        size, start = size + (kernel - 1) * stride, start - padding * stride
        stride *= step
    return Maps(nn.Sequential(*made)), (start, size, stride)


@pytest.mark.parametrize(
    "layers",
    [
        [(3, 1, 1)],
        [(5, 2, 0), (3, 1, 1)],
        [(7, 2, 3), (3, 1, 1), (3, 2, 1), (3, 1, 0)],
        [(11, 4, 2), (5, 1, 2), (2, 2, 0), (3, 1, 1), (1, 1, 0)],
    ],
)
def test_fields_of_plain_stacks_are_the_closed_forms(layers):
    network, wanted = stack(layers)
    field = receptive_field(network, 96)
    assert (field.start, field.size, field.stride) == wanted
    assert not field.clipped


def test_fields_that_are_known():
    layers = torchvision.models.alexnet().features[:12]
    assert receptive_field(Maps(layers), 224).size == 163  # conv5
    shallow = torchvision.models.vgg16().features[:16]
    assert receptive_field(Maps(shallow), 96).size == 40  # conv3_3


def test_a_unit_that_sees_everything_is_said_to():
    class Attended(Maps):
        def forward(self, images):
            maps, scores = super().forward(images)
            return maps * maps.mean((2, 3), keepdim=True), scores

    field = receptive_field(Attended(nn.Conv2d(3, 2, 4, 4)), 32)
    assert field.clipped
    assert field.size == 32
    assert [field.centre(unit) for unit in (0, 7)] == [2, 30]  # of the map's grid


def test_tops_are_those_of_all_images_at_once():
    rng = np.random.default_rng(0)
    maps = rng.integers(0, 7, (50, 3, 4, 5)).astype(np.float32)  # many are equally high
    tops = Tops([11, 5, 7], 6)
    for start in range(0, 50, 8):
        tops.add(start, maps[start : start + 8])
    for number, unit in enumerate((11, 5, 7)):
        highest, means = maps[:, number].max((1, 2)), maps[:, number].mean((1, 2))
        wanted = sorted(range(50), key=lambda n: (-highest[n], -means[n], n))[:6]
        found = tops.of(unit)
        assert [one.index for one in found] == wanted
        assert all(maps[one.index, number, one.row, one.column] == one.activation for one in found)


def test_the_strongest_units_and_those_that_are_classes():
    weights = np.array([[0.1, 0.5, -2.0, 0.4], [3, 0, 0, 0]])
    assert strongest_units(weights, 0, 2) == [(1, 0.5), (3, 0.4)]
    assert strongest_units(None, 7, 3) == [(7, 1.0)]


def test_occlusion_finds_the_pixels_a_unit_weighs():
    """A linear unit of a known window: what changes is the window, moved to the middle."""
    side, half = 32, 5
    rng = np.random.default_rng(1)
    images = [rng.integers(0, 256, (side, side, 3)).astype(np.uint8) for _ in range(3)]
    centres = [(9.0, 12.0), (16.0, 16.0), (22.0, 20.0)]

    def activations(number, batch):
        x, y = map(int, centres[number])
        gray = images[number].reshape(-1, 3).mean(axis=0).round()
        window = batch[:, y - half : y + half, x - half : x + half].astype(float)
        return (window != gray).any(-1).sum((1, 2)) / 100

    full = occluded_field(activations, images, centres, side, patch=3, stride=1)
    near = occluded_field(activations, images, centres, half, patch=3, stride=1)
    np.testing.assert_allclose(full, near)  # elsewhere nothing changes
    strong = full > 0.5
    rows, columns = np.flatnonzero(strong.any(1)), np.flatnonzero(strong.any(0))
    for found in (rows, columns):
        assert abs(found[0] - (side - half)) <= 1
        assert abs(found[-1] - (side + half - 1)) <= 1
    assert full[:15].max() == 0


def test_masks_are_the_field_around_each_strong_unit():
    activation = np.array([[0, 4, 0], [0, 0, 0], [3, 0, 1.9]])
    places = np.array([5.0, 15.0, 25.0])
    mask = segment(disc(30, 7), activation, (places, places), 0.2, 0.5)
    y, x = np.mgrid[:30, :30]
    wanted = ((x - 15) ** 2 + (y - 5) ** 2 <= 12.25) | ((x - 5) ** 2 + (y - 25) ** 2 <= 12.25)
    np.testing.assert_array_equal(mask, wanted)


def test_purity_by_hand():
    images = pd.DataFrame(
        {
            "label": ["a"] * 4 + ["b"] * 2,
            "unit": [3] * 4 + [5] * 2,
            "purely": [True, True, False, True, False, False],
            "inside": [1.0, 0.0, np.nan, np.nan, np.nan, np.nan],
            "area": [0.25, 0.35, np.nan, np.nan, np.nan, np.nan],
        }
    )
    columns = ["label", "class", "unit", "place", "weight"]
    units = pd.DataFrame([("a", "A", 3, 1, 0.9), ("b", "B", 5, 1, 0.8)], columns=columns)
    table = unit_rows(images, units, {"a": 0.1, "b": 0.3}).set_index("unit")
    assert table.loc[3, ["purity", "n", "chance", "boxed", "inside", "area"]].tolist() == [
        *(0.75, 4, 0.1, 2, 0.5, 0.3),
    ]
    assert table.loc[5, "purity"] == 0
    assert table.loc[5, "boxed"] == 0
    assert table.loc[-1, ["purity", "chance"]].tolist() == [0.5, 0.2]


def test_a_point_in_a_box_and_the_boxes_area():
    boxes = np.array([[0, 0, 5, 10], [4, 0, 8, 10]])
    assert in_a_box(4.5, 9.9, boxes, 10, 10) == (True, 0.8)
    assert in_a_box(8, 5, boxes, 10, 10) == (False, 0.8)
