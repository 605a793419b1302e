"""Polygons as text and as cells, compared with a point-in-polygon test of another library."""

import itertools

import numpy as np
import pytest
from matplotlib.path import Path as Outline

from pipeline_lib.common.polygons import as_text, cells, from_text

STAR = np.array([(10, 2), (14, 12), (26, 14), (15, 20), (18, 33), (9, 25), (1.25, 30), (4, 16)])


def test_a_polygon_survives_a_table():
    np.testing.assert_allclose(from_text(as_text(STAR)), STAR)
    assert as_text(np.array([[0.5, 3.0], [-2.25, 1e3]])) == "0.5 3 -2.25 1000"
    with pytest.raises(ValueError, match="reshape"):
        from_text("1 2 3")


@pytest.mark.parametrize("grid", [(40, 50), (56, 56), (9, 7)])
def test_cells_are_those_whose_centres_are_inside_or_next_to_the_outline(grid):
    size = (30, 40)
    covered = cells(STAR, size, grid)
    assert covered.shape == grid[::-1]
    step = np.divide(size, grid)
    y, x = np.mgrid[: grid[1], : grid[0]]
    centres = (np.stack([x, y], axis=-1).reshape(-1, 2) + 0.5) * step
    inside = Outline(STAR).contains_points(centres).reshape(covered.shape)
    assert covered[inside].mean() > 0.99  # OpenCV's vertices lie on a fine grid of their own
    closed = np.vstack([STAR, STAR[:1]])
    along = np.vstack(
        [a + np.linspace(0, 1, 200)[:, None] * (b - a) for a, b in itertools.pairwise(closed)]
    )
    far = (np.abs(centres[:, None] - along) / step).max(axis=2).min(axis=1).reshape(
        covered.shape
    ) > 1
    assert not (covered & ~inside & far).any()


def test_an_object_smaller_than_a_cell_has_one():
    speck = np.array([(20.1, 20.1), (20.3, 20.1), (20.2, 20.3)])
    covered = cells(speck, (100, 100), (10, 10))
    assert np.argwhere(covered).tolist() == [[2, 2]]


def test_what_is_outside_the_image_covers_nothing():
    whole = np.array([(-50, -50), (80, -50), (80, 90), (-50, 90)])
    assert cells(whole, (30, 40), (6, 8)).all()
    assert not cells(whole + (0, 200), (30, 40), (6, 8)).any()
    half = np.array([(-50, -50), (15, -50), (15, 90), (-50, 90)])
    assert cells(half, (30, 40), (30, 40)).mean() == pytest.approx(0.5, abs=1 / 30)
