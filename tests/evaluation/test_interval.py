import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import bootstrap

from pipeline_lib.evaluation.interval import error_interval


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
