"""Occlusion against closed forms: a linear unit's drop is what the hidden pixels contributed."""

import numpy as np
import pytest
import torch
from torch import nn

from pipeline_lib.common.batches import Batches
from pipeline_lib.networks.class_maps import ClassMapNetwork
from pipeline_lib.units.occlusion import Occluder, activation_drop, mean_drop, occlusions
from pipeline_lib.units.receptive_field import WHOLE_INPUT, Axis, ReceptiveField
from pipeline_lib.units.theoretical_field import theoretical_field
from pipeline_lib.units.unit_maps import UnitMaps

SIZE = (24, 30)


def linear_network(kernel, stride=1):
    torch.manual_seed(0)
    conv = nn.Conv2d(3, 2, kernel, stride=stride, bias=False)
    classifier = nn.Sequential(
        conv, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 3)
    ).eval()
    mapped = ClassMapNetwork(classifier, SIZE, "net")
    return UnitMaps(mapped), theoretical_field(classifier, mapped.map_layer.name, SIZE), conv


def test_the_drop_is_the_fraction_that_the_hidden_pixels_contributed():
    network, field, conv = linear_network(7)
    with torch.no_grad():
        conv.weight.abs_()
    image, position = torch.rand(3, *SIZE) + 0.1, (9, 12)
    occluder = Occluder(size=3, stride=2)
    batches = Batches(5, torch.device("cpu"))
    drop = activation_drop(network, image, 1, position, field, occluder, batches=batches)
    contributed = (image[:, 9:16, 12:19] * conv.weight[1].detach()).sum(0).numpy()
    shifts = occluder.shifts(SIZE, field)
    for i, dy in enumerate(shifts):
        for j, dx in enumerate(shifts):
            y0, x0 = (max(3 + shift - 1, 0) for shift in (dy, dx))  # in the window of the unit
            hidden = contributed[y0 : max(3 + dy + 2, 0), x0 : max(3 + dx + 2, 0)].sum()
            assert drop[i, j] == pytest.approx(hidden / contributed.sum(), abs=1e-5)


def test_outside_the_theoretical_field_nothing_changes():
    torch.manual_seed(1)
    layers = [nn.Conv2d(3, 4, 3, stride=2), nn.ReLU(), nn.MaxPool2d(3, 1), nn.Conv2d(4, 2, 3)]
    classifier = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 3))
    mapped = ClassMapNetwork(classifier.eval(), SIZE, "net")
    network, field = UnitMaps(mapped), theoretical_field(classifier, mapped.map_layer.name, SIZE)
    image, position, unit = torch.rand(3, *SIZE), (1, 3), 0
    with torch.inference_mode():
        whole = network(image[None])[0][0, unit, *position]
        _, to_compute = occlusions(field, position, Occluder(3, 1))
        computed = {occlusion.box for occlusion in to_compute}
        everything = ReceptiveField(WHOLE_INPUT, WHOLE_INPUT, SIZE, field.cells)
        changed = set()
        for x0 in range(SIZE[1] - 2):
            for y0 in range(SIZE[0] - 2):
                hidden = image.clone()
                hidden[:, y0 : y0 + 3, x0 : x0 + 3] = 0
                if network(hidden[None])[0][0, unit, *position] != whole:
                    changed.add((x0, y0, x0 + 3, y0 + 3))
    assert changed and changed <= computed
    assert len(computed) < len(occlusions(everything, position, Occluder(3, 1))[1]) / 2


def test_outside_the_image_nothing_is_known():
    field = ReceptiveField(Axis(-4, 5, 2), Axis(-4, 5, 2), SIZE, (12, 15))
    drop, to_compute = occlusions(field, (0, 14), Occluder(2, 2))
    shifts = Occluder(2, 2).shifts(SIZE, field)
    np.testing.assert_array_equal(shifts, [-4, -2, 0, 2, 4])
    # the unit's middle is at (0.5, 28.5): what is above and right of the image is unknown
    np.testing.assert_array_equal(np.isnan(drop), (shifts < 0)[:, None] | (shifts > 0)[None])
    for occlusion in to_compute:
        x0, y0, x1, y1 = occlusion.box
        assert 0 <= x0 < x1 <= SIZE[1] and 0 <= y0 < y1 <= SIZE[0]


def test_the_occluder_and_its_stride_scale_with_the_input():
    assert Occluder.scaled(11, 3, 227) == Occluder(11, 3)
    assert Occluder.scaled(22, 14, 112) == Occluder(11, 7)
    assert Occluder.scaled(11, 3, 32) == Occluder(2, 1)


def test_the_mean_is_of_the_images_that_reach():
    first, second = np.array([[0.5, np.nan]]), np.array([[np.nan, np.nan]])
    third = np.array([[0.1, np.nan]])
    np.testing.assert_allclose(mean_drop([first, second, third]), [[0.3, np.nan]])
