"""Highlighted regions and their chance, against shifting them by hand."""

import numpy as np
import pytest

from pipeline_lib.discovery.regions import highlighted_region, overlaps_any, shifted_overlaps


def test_highlighted_is_above_a_fraction_of_the_maximum():
    heat = np.array([[-1, 0.2, 0.21], [0.9, 1, 0]])
    assert highlighted_region(heat, 0.2).tolist() == [[False, False, True], [True, True, False]]
    assert not highlighted_region(np.zeros((3, 3)), 0.2).any()
    assert not highlighted_region(np.full((3, 3), -2.0), 0.2).any()


@pytest.mark.parametrize("shape", [(8, 8), (7, 5), (1, 6)])
def test_overlaps_are_those_of_the_region_shifted_round(shape):
    rng = np.random.default_rng(0)
    region, masks = rng.random(shape) < 0.3, rng.random((4, *shape)) < 0.4
    found = shifted_overlaps(region, masks)
    assert found.shape == masks.shape
    for y in range(shape[0]):
        for x in range(shape[1]):
            moved = np.roll(region, (y, x), axis=(0, 1))
            assert found[:, y, x].tolist() == (masks & moved).sum((1, 2)).tolist()
    np.testing.assert_array_equal(found[:, 0, 0], (masks & region).sum((1, 2)))


@pytest.mark.parametrize("fraction", [0, 0.25, 0.5, 1])
def test_any_of_the_masks_will_do_and_each_needs_its_fraction(fraction):
    rng = np.random.default_rng(1)
    region, masks = rng.random((9, 9)) < 0.4, rng.random((3, 9, 9)) < 0.2
    found = overlaps_any(shifted_overlaps(region, masks), masks, fraction)
    for y in range(9):
        for x in range(9):
            moved = np.roll(region, (y, x), axis=(0, 1))
            shares = [(mask & moved).sum() / mask.sum() for mask in masks]
            assert found[y, x] == any(share > 0 and share >= fraction for share in shares)


def test_chance_has_closed_forms():
    region = np.zeros((10, 10), bool)
    region[2:6, 3:8] = True
    cell = np.zeros((1, 10, 10), bool)
    cell[0, 9, 0] = True  # of a single cell, the region's area
    assert overlaps_any(shifted_overlaps(region, cell), cell, 0.25).mean() == 20 / 100
    block = np.zeros((1, 10, 10), bool)
    block[0, :2, :3] = True  # of a block, the area of the two put together
    assert overlaps_any(shifted_overlaps(region, block), block, 0).mean() == (4 + 1) * (5 + 2) / 100
    assert overlaps_any(shifted_overlaps(region, block), block, 1).mean() == (4 - 1) * (5 - 2) / 100
    everything = np.ones((1, 10, 10), bool)
    assert overlaps_any(shifted_overlaps(region, everything), everything, 0.2).all()
    assert not overlaps_any(shifted_overlaps(region, everything), everything, 0.21).any()
    nothing = np.zeros((1, 10, 10), bool)
    assert not overlaps_any(shifted_overlaps(region, nothing), nothing, 0).any()
