"""Agreement of maps: against SciPy and closed forms."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from pipeline_lib.evaluation.map_agreement import (
    absolute_maps,
    agreement,
    is_constant,
    rank_correlations,
    structural_similarities,
)


@pytest.fixture
def maps():
    """Five maps, the second with many ties."""
    values = np.random.default_rng(0).normal(size=(5, 20, 24))
    values[1] = values[1].round()
    return absolute_maps(values, (20, 24))


def test_rank_correlation_is_scipys(maps):
    others = np.roll(maps, 1, axis=0) + 0.5 * maps
    expected = [
        spearmanr(a.ravel(), b.ravel()).statistic for a, b in zip(maps, others, strict=True)
    ]
    assert rank_correlations(maps, others) == pytest.approx(expected)
    assert rank_correlations(maps, maps**3) == pytest.approx(1)  # whatever the scale
    assert rank_correlations(maps, -maps) == pytest.approx(-1)


def test_a_constant_map_agrees_with_nothing(maps):
    constant = np.zeros_like(maps)
    assert rank_correlations(maps, constant) == pytest.approx(0)
    assert rank_correlations(constant, constant) == pytest.approx(0)
    assert is_constant(constant).all()
    assert not is_constant(maps).any()


def test_structural_similarity_has_its_closed_forms(maps):
    assert structural_similarities(maps, maps) == pytest.approx(1)
    a, b = np.full((1, 16, 16), 0.2), np.full((1, 16, 16), 0.6)
    luminance = (2 * 0.2 * 0.6 + 1e-4) / (0.2**2 + 0.6**2 + 1e-4)
    assert structural_similarities(a, b) == pytest.approx(luminance)
    mirrored = structural_similarities(maps, 1 - maps)
    assert (mirrored < 0).all()


def test_measures_stand_in_their_order(maps):
    values = agreement(maps, maps[::-1])
    assert values[:, 0] == pytest.approx(rank_correlations(maps, maps[::-1]))
    assert values[:, 1] == pytest.approx(structural_similarities(maps, maps[::-1]))


def test_maps_are_made_absolute_and_of_one_size_and_scale():
    values = np.array([[[-4, 2], [0, 1]], [[0, 0], [0, 0]]], np.float16)
    assert (absolute_maps(values, (2, 2))[0] == [[1, 0.5], [0, 0.25]]).all()
    large = absolute_maps(values, (30, 40))
    assert large.shape == (2, 30, 40)
    assert large.dtype == np.float32
    assert large[0].max() == 1
    assert (large[1] == 0).all()
