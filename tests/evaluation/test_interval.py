import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, bootstrap

from pipeline_lib.evaluation.interval import error_interval, resampled_means, wilson_interval


@pytest.mark.parametrize(("ones", "n"), [(60, 200), (5, 150), (390, 400), (25, 50)])
def test_it_agrees_with_scipys_percentile_bootstrap(ones, n):
    outcomes = np.repeat([1.0, 0.0], [ones, n - ones])
    drawn = bootstrap(
        (outcomes,),
        np.mean,
        n_resamples=20_000,
        method="percentile",
        confidence_level=0.95,
        rng=np.random.default_rng(1),
        batch=2_000,
    ).confidence_interval
    assert error_interval(outcomes) == pytest.approx((drawn.low, drawn.high), abs=1.01 / n)


def test_many_outcomes_give_the_normal_interval():
    n, mean = 50_000, 0.564
    outcomes = np.arange(n) < mean * n
    half = 1.959964 * np.sqrt(mean * (1 - mean) / n)
    low, high = error_interval(outcomes.astype(float))
    assert (low, high) == pytest.approx((mean - half, mean + half), abs=2 / n)


@given(st.lists(st.integers(0, 1), min_size=1, max_size=60))
def test_it_lies_around_the_mean_and_between_zero_and_one(outcomes):
    low, high = error_interval(np.array(outcomes))
    assert 0 <= low <= np.mean(outcomes) <= high <= 1


@pytest.mark.parametrize("value", [0, 1])
def test_outcomes_that_are_all_the_same_have_no_spread(value):
    assert error_interval(np.full(30, value)) == (value, value)


@pytest.mark.parametrize("outcomes", [[], [0.5], [0, 1, 2], [-1], [np.nan, 1], [0, 100]])
def test_what_is_no_outcome_is_refused(outcomes):
    with pytest.raises(ValueError):
        error_interval(np.array(outcomes))


@given(st.lists(st.booleans(), min_size=1, max_size=60))
def test_few_outcomes_have_wilsons_interval(outcomes):
    exact = binomtest(sum(outcomes), len(outcomes)).proportion_ci(0.95, method="wilson")
    assert wilson_interval(np.array(outcomes)) == pytest.approx((exact.low, exact.high), abs=1e-9)


def test_resampled_means_are_the_means_of_drawn_images():
    outcomes = (np.random.default_rng(1).random((5_000, 3)) < [0.1, 0.5, 0.9]).astype(np.uint8)
    means = resampled_means(outcomes, 400, seed=3)
    assert means.shape == (400, 3)
    n, p = len(outcomes), outcomes.mean(axis=0)
    assert means.mean(axis=0) == pytest.approx(p, abs=0.002)
    assert means.std(axis=0) == pytest.approx(np.sqrt(p * (1 - p) / n), rel=0.15)
    assert (means == resampled_means(outcomes, 400, seed=3)).all()


def test_resampling_draws_whole_images():
    """Columns that are alike stay alike in every draw, and opposite ones opposite."""
    one = (np.random.default_rng(2).random(300) < 0.4).astype(np.uint8)
    means = resampled_means(np.stack([one, one, 1 - one], axis=1), 50, seed=0)
    assert (means[:, 0] == means[:, 1]).all()
    np.testing.assert_allclose(means[:, 0] + means[:, 2], 1)
