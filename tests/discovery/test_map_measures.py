"""Measures of where a map's mass is, against hand-made maps, brute force and another library."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from pipeline_lib.discovery.map_measures import (
    MEASURES,
    box_mask,
    centred_map,
    measure_map,
    measure_uniform_map,
)
from pipeline_lib.evaluation.interval import ratio_interval


def test_a_pixel_is_inside_where_its_centre_is():
    rng = np.random.default_rng(0)
    for _ in range(20):
        x0, y0 = rng.uniform(-3, 12, 2)
        box = np.array([[x0, y0, x0 + rng.uniform(0, 9), y0 + rng.uniform(0, 9)]])
        wanted = [
            [box[0, 0] <= x + 0.5 < box[0, 2] and box[0, 1] <= y + 0.5 < box[0, 3]
             for x in range(12)] for y in range(10)
        ]  # fmt: skip
        np.testing.assert_array_equal(box_mask(box, 12, 10), wanted)


def test_measures_of_a_map_by_hand():
    heat = np.array([[4.0, 1.0, 0.5, -2.0], [2.0, 0.0, 0.5, -9.0]])
    mask = np.zeros((2, 4), bool)
    mask[:, 0] = True  # holds 6 of 8; above 0.2 x 4, 6 of 7
    found = dict(zip(MEASURES, measure_map(heat, mask, 0.2), strict=True))
    assert found["mass"] == 6 / 8
    assert found["strong mass"] == 6 / 7
    assert found["pointing"] == 1
    assert found["pixel AP"] == 1  # its two pixels rank first and second
    assert measure_map(-heat, mask, 0.2)[2] == 0


def test_a_map_without_a_positive_value_has_no_mass():
    mask = np.eye(3, dtype=bool)
    assert measure_map(-np.ones((3, 3)), mask, 0.2)[:2] == (0, 0)


def test_pixel_precision_ranks_equal_values_together():
    rng = np.random.default_rng(1)
    heat, mask = rng.integers(0, 4, (9, 9)).astype(float), rng.random((9, 9)) < 0.3
    wanted = average_precision_score(mask.ravel(), heat.ravel())
    assert measure_map(heat, mask, 0.2)[3] == pytest.approx(wanted)


def test_the_uniform_maps_measures_are_what_a_constant_map_gets():
    mask = np.zeros((10, 10), bool)
    mask[3:5, 2:9] = True
    share, strong, _, precision = measure_map(np.ones((10, 10)), mask, 0.2)
    assert measure_uniform_map(mask) == pytest.approx((share, strong, mask.mean(), precision))


def test_the_centred_map_is_symmetric_and_highest_in_the_middle():
    heat = centred_map(9, 5)
    assert heat.shape == (5, 9)
    np.testing.assert_allclose(heat, heat[::-1, ::-1])
    assert np.unravel_index(heat.argmax(), heat.shape) == (2, 4)
    assert heat[2, 0] == pytest.approx(np.exp(-((4 / 9) ** 2) / (2 * 0.25**2)))


def test_intervals_of_means_and_of_ratios():
    rng = np.random.default_rng(2)
    values = rng.normal(3, 1, 400)
    mean, low, high = ratio_interval(values)
    error = values.std() / 20
    assert mean == pytest.approx(values.mean())
    assert (low, high) == pytest.approx((mean - 1.96 * error, mean + 1.96 * error), abs=0.02)
    assert ratio_interval(2 * values, values) == pytest.approx((2, 2, 2))  # drawn together
