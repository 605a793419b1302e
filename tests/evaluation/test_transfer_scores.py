"""Means over splits with their intervals, against closed forms and simulation."""

import numpy as np
import pytest
from scipy import stats

from pipeline_lib.evaluation.interval import error_interval
from pipeline_lib.evaluation.transfer import Outcomes, summarise


def names(count, start=0):
    return np.array([f"i{n}" for n in range(start, start + count)])


def test_the_mean_is_of_the_splits_means_and_the_spread_their_standard_deviation():
    splits = [
        Outcomes(names(4), np.array([1, 1, 0, 0.0])),
        Outcomes(names(2, 10), np.array([1, 1.0])),
        Outcomes(names(5, 20), np.array([1, 0, 0, 0, 0.0])),
    ]
    summary = summarise(splits)
    means = [50, 100, 20]
    assert summary.value == pytest.approx(np.mean(means))
    assert summary.spread == pytest.approx(np.std(means, ddof=1))
    assert summary.n == 11
    assert summary.low <= summary.value <= summary.high


def test_one_split_has_the_binomial_interval_and_no_spread():
    right = np.random.default_rng(0).random(500) < 0.7
    summary = summarise([Outcomes(names(500), right.astype(float))])
    assert np.isnan(summary.spread)
    low, high = error_interval(right)
    assert summary.low == pytest.approx(100 * low, abs=0.6)
    assert summary.high == pytest.approx(100 * high, abs=0.6)


def test_splits_that_share_all_images_say_no_more_than_one():
    right = (np.random.default_rng(1).random(300) < 0.6).astype(float)
    once = summarise([Outcomes(names(300), right)])
    often = summarise([Outcomes(names(300), right)] * 5)
    assert often.low == pytest.approx(once.low, abs=1)
    assert often.high == pytest.approx(once.high, abs=1)
    assert often.spread == 0


def test_splits_of_different_images_say_more():
    rng = np.random.default_rng(2)
    splits = [
        Outcomes(names(200, 200 * k), (rng.random(200) < 0.6).astype(float)) for k in range(4)
    ]
    summary = summarise(splits)
    error = np.sqrt(0.6 * 0.4 / 800)
    wide = 2 * stats.norm.ppf(0.975) * error * 100
    assert summary.high - summary.low == pytest.approx(wide, rel=0.15)


def test_values_between_zero_and_one_are_averaged_as_they_are():
    values = np.array([0.25, 0.5, 0.9])
    summary = summarise([Outcomes(names(3), values)])
    assert summary.value == pytest.approx(55)
    assert 25 <= summary.low < 55 < summary.high <= 90


def test_the_same_outcomes_give_the_same_interval():
    values = np.random.default_rng(3).random(40)
    assert (
        summarise([Outcomes(names(40), values)])[1:3]
        == summarise([Outcomes(names(40), values)])[1:3]
    )
