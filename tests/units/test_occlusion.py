"""Occlusion against closed forms: a linear unit's change is the weight that is hidden."""

import numpy as np
import pytest
import torch
from torch import nn

from pipeline_lib.networks.class_maps import ClassMapNetwork
from pipeline_lib.units.geometry import ALL, Axis, ReceptiveField
from pipeline_lib.units.occlusion import Occluder, averaged, changes, hidden_boxes
from pipeline_lib.units.theoretical import receptive_field
from pipeline_lib.units.uncapped import UnitMaps

SIZE = (24, 30)


def linear_network(kernel, stride=1):
    torch.manual_seed(0)
    conv = nn.Conv2d(3, 2, kernel, stride=stride, bias=False)
    classifier = nn.Sequential(
        conv, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 3)
    ).eval()
    mapped = ClassMapNetwork(classifier, SIZE, "net")
    return UnitMaps(mapped), receptive_field(classifier, mapped.found.layer, SIZE), conv


def test_the_change_is_the_part_that_the_hidden_pixels_gave():
    network, field, conv = linear_network(7)
    with torch.no_grad():
        conv.weight.abs_()
    image, place = torch.rand(3, *SIZE) + 0.1, (9, 12)
    occluder = Occluder(size=3, stride=2)
    found = changes(network, image, 1, place, field, occluder, batch=5)
    given = (image[:, 9:16, 12:19] * conv.weight[1].detach()).sum(0).numpy()
    shifts = occluder.shifts(SIZE, field)
    for i, dy in enumerate(shifts):
        for j, dx in enumerate(shifts):
            y0, x0 = (max(3 + shift - 1, 0) for shift in (dy, dx))  # in the window of the unit
            hidden = given[y0 : max(3 + dy + 2, 0), x0 : max(3 + dx + 2, 0)].sum()
            assert found[i, j] == pytest.approx(hidden / given.sum(), abs=1e-5)


def test_outside_the_theoretical_field_nothing_changes():
    torch.manual_seed(1)
    layers = [nn.Conv2d(3, 4, 3, stride=2), nn.ReLU(), nn.MaxPool2d(3, 1), nn.Conv2d(4, 2, 3)]
    classifier = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 3))
    mapped = ClassMapNetwork(classifier.eval(), SIZE, "net")
    network, field = UnitMaps(mapped), receptive_field(classifier, mapped.found.layer, SIZE)
    image, place, unit = torch.rand(3, *SIZE), (1, 3), 0
    with torch.inference_mode():
        whole = network(image[None])[0][0, unit, *place]
        _, boxes = hidden_boxes(field, place, Occluder(3, 1))
        asked = {hidden.box for hidden in boxes}
        everything = ReceptiveField(ALL, ALL, SIZE, field.cells)
        changed = set()
        for x0 in range(SIZE[1] - 2):
            for y0 in range(SIZE[0] - 2):
                hidden = image.clone()
                hidden[:, y0 : y0 + 3, x0 : x0 + 3] = 0
                if network(hidden[None])[0][0, unit, *place] != whole:
                    changed.add((x0, y0, x0 + 3, y0 + 3))
    assert changed and changed <= asked
    assert len(asked) < len(hidden_boxes(everything, place, Occluder(3, 1))[1]) / 2


def test_beyond_the_image_nothing_is_known():
    field = ReceptiveField(Axis(-4, 5, 2), Axis(-4, 5, 2), SIZE, (12, 15))
    known, boxes = hidden_boxes(field, (0, 14), Occluder(2, 2))
    shifts = Occluder(2, 2).shifts(SIZE, field)
    np.testing.assert_array_equal(shifts, [-4, -2, 0, 2, 4])
    # the unit's middle is at (0.5, 28.5): what is above and right of the image is unknown
    np.testing.assert_array_equal(np.isnan(known), (shifts < 0)[:, None] | (shifts > 0)[None])
    for hidden in boxes:
        x0, y0, x1, y1 = hidden.box
        assert 0 <= x0 < x1 <= SIZE[1] and 0 <= y0 < y1 <= SIZE[0]


def test_the_occluder_and_its_stride_scale_with_the_input():
    assert Occluder.scaled(11, 3, 227) == Occluder(11, 3)
    assert Occluder.scaled(22, 14, 112) == Occluder(11, 7)
    assert Occluder.scaled(11, 3, 32) == Occluder(2, 1)


def test_the_mean_is_of_the_images_that_reach():
    first, second = np.array([[0.5, np.nan]]), np.array([[np.nan, np.nan]])
    third = np.array([[0.1, np.nan]])
    np.testing.assert_allclose(averaged([first, second, third]), [[0.3, np.nan]])
