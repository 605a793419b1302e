"""Measures of a ranking, against scikit-learn, scipy and resampling by hand."""

import numpy as np
import pytest
from scipy.stats import hypergeom
from sklearn.metrics import average_precision_score

from pipeline_lib.evaluation.ranking import average_precision, chance_interval, measure, precision


@pytest.fixture
def ranking():
    return np.random.default_rng(0).random(60) < np.linspace(0.8, 0.05, 60)


def test_average_precision_is_scikit_learns(ranking):
    scores = -np.arange(60.0)
    expected = average_precision_score(ranking, scores)
    assert measure(ranking).average[0] == pytest.approx(expected)
    counts = np.random.default_rng(1).integers(0, 4, (5, 60))
    weighted = [average_precision_score(ranking, scores, sample_weight=one) for one in counts]
    np.testing.assert_allclose(average_precision(ranking, counts), weighted)


def test_precision_counts_an_image_as_often_as_it_is_drawn(ranking):
    counts = np.random.default_rng(2).integers(0, 4, (50, 60))
    expected = [np.repeat(ranking, one)[:10].mean() for one in counts]
    np.testing.assert_allclose(precision(ranking, counts), expected)


def test_of_fewer_than_ten_images_all_count():
    found = measure(np.array([True, False, True]))
    assert found.precision[0] == pytest.approx(2 / 3)
    assert found.max_precision == pytest.approx(2 / 3)


def test_chance_is_scipys_hypergeometric():
    for n, n_positive in ((60, 3), (112, 31), (12, 11), (10, 4), (10, 10), (5, 2)):
        first = min(10, n)
        expected = hypergeom(n, n_positive, first).ppf([0.025, 0.975]) / first
        np.testing.assert_allclose(chance_interval(n, n_positive), expected)


def test_the_base_rate_and_the_best_possible(ranking):
    few = np.zeros(50, bool)
    few[[0, 3, 20]] = True
    found = measure(few)
    assert (found.n, found.n_positive, found.max_precision) == (50, 3, 0.3)
    assert found.chance[0] == pytest.approx(3 / 50)
    assert found.precision[0] == pytest.approx(0.2)
    assert measure(ranking).max_precision == 1


def test_intervals_are_a_bootstraps(ranking):
    rng = np.random.default_rng(3)
    draws = []
    for _ in range(4000):
        drawn = np.sort(rng.integers(60, size=60))
        draws.append(ranking[drawn][:10].mean())
    found = measure(ranking)
    np.testing.assert_allclose(found.precision[1:], np.quantile(draws, [0.025, 0.975]), atol=0.11)
    assert found.average[1] < found.average[0] < found.average[2]


def test_the_lower_the_best_images_the_lower_the_measures():
    front, back = np.zeros(40, bool), np.zeros(40, bool)
    front[:10], back[-10:] = True, True
    assert measure(front).precision[0] == 1
    assert measure(back).precision[0] == 0
    assert measure(front).average[0] == 1 > measure(back).average[0]


def test_nothing_to_find_is_no_ranking():
    with pytest.raises(ValueError, match="no image"):
        measure(np.zeros(5, bool))
