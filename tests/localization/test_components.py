"""Components and their areas, against scipy's labels."""

import numpy as np
import pytest
import scipy.ndimage

from pipeline_lib.localization.components import component_stats


def by_scipy(mask):
    labels, count = scipy.ndimage.label(mask, structure=np.ones((3, 3)))
    areas = np.bincount(labels.ravel(), minlength=count + 1)[1:].tolist()
    for (rows, columns), area in zip(scipy.ndimage.find_objects(labels), areas, strict=True):
        x, y = columns.start, rows.start
        yield (x, y, columns.stop - x, rows.stop - y, area)


def assert_same(mask):
    found = component_stats(mask)
    assert found.shape[1] == 5
    assert sorted(map(tuple, found.tolist())) == sorted(by_scipy(mask))


@pytest.mark.parametrize("filled", [0.1, 0.4, 0.6, 0.8, 0.95])
def test_small_masks_of_all_kinds(filled):
    rng = np.random.default_rng(0)
    for _ in range(400):
        assert_same(rng.random(rng.integers(1, 14, 2)) < filled)


@pytest.mark.parametrize("smoothing", [0, 0.7, 2, 6])
def test_few_and_many_components(smoothing):
    rng = np.random.default_rng(1)
    values = scipy.ndimage.gaussian_filter(rng.normal(size=(120, 90)), smoothing)
    for threshold in np.quantile(values, [0.05, 0.3, 0.5, 0.7, 0.95]):
        assert_same(values > threshold)


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (5, 6)])
def test_empty_and_full_masks(shape):
    assert len(component_stats(np.zeros(shape, bool))) == 0
    assert component_stats(np.ones(shape, bool)).tolist() == [[0, 0, *shape[::-1], np.prod(shape)]]


def test_rings_lines_and_an_island_in_a_hole():
    rings = np.zeros((11, 11), bool)
    for inner in (0, 2, 4):
        rings[inner : 11 - inner, inner : 11 - inner] = True
        rings[inner + 1 : 10 - inner, inner + 1 : 10 - inner] = False
    assert_same(rings)
    assert_same(np.eye(9, dtype=bool))
    assert_same(np.indices((9, 9)).sum(axis=0) % 2 == 0)  # a chessboard is one component


def test_a_part_of_a_larger_mask():
    mask = np.random.default_rng(2).random((40, 40)) < 0.5
    assert_same(mask[3:30:2, 5:17])
