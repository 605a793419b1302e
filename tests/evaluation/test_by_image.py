"""Differences of scores, against a bootstrap that draws images one by one."""

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.manifest import write_csv
from pipeline_lib.evaluation.by_image import (
    mean_percent,
    paired_difference,
    read_by_image,
    unpaired_difference,
)
from pipeline_lib.evaluation.transfer import Outcomes, summarise


def names(n):
    return np.array([f"image{i:05d}" for i in range(n)])


def correlated(n, seed=0):
    """Outcomes of two networks that are mostly wrong on the same images."""
    rng = np.random.default_rng(seed)
    hard = rng.random(n) < 0.4
    return [
        np.where(rng.random(n) < 0.85, hard, rng.random(n) < p).astype(float) for p in (0.3, 0.6)
    ]


def brute_force(draw, draws=4000):
    rng = np.random.default_rng(1)
    return np.quantile([draw(rng) for _ in range(draws)], (0.025, 0.975))


@pytest.mark.parametrize("n", [40, 320, 3000])
def test_a_paired_interval_is_that_of_drawing_images_with_both_outcomes(n):
    a, b = correlated(n)

    def draw(rng):
        drawn = rng.integers(n, size=n)
        return 100 * (a[drawn].mean() - b[drawn].mean())

    found = paired_difference([Outcomes(names(n), a)], [Outcomes(names(n), b)])
    assert found.value == pytest.approx(100 * (a.mean() - b.mean()))
    width = found.high - found.low
    np.testing.assert_allclose(found[1:3], brute_force(draw), atol=0.06 * width + 0.01)
    assert (found.paired, found.n) == (True, n)


def test_the_order_of_images_does_not_matter():
    a, b = correlated(50)
    shuffled = np.random.default_rng(2).permutation(50)
    in_order = paired_difference([Outcomes(names(50), a)], [Outcomes(names(50), b)])
    other = Outcomes(names(50)[shuffled], b[shuffled])
    assert paired_difference([Outcomes(names(50), a)], [other]) == in_order


@pytest.mark.parametrize("n", [60, 400])
def test_an_unpaired_interval_is_near_that_of_drawing_each_sample_by_itself(n):
    rng = np.random.default_rng(3)
    a, b = (rng.random(n) < 0.3).astype(float), (rng.random(2 * n) < 0.5).astype(float)
    ends = [summarise([Outcomes(names(len(each)), each)]) for each in (a, b)]
    found = unpaired_difference(*((each.value, each.low, each.high) for each in ends))

    def draw(rng):
        return 100 * (rng.choice(a, len(a)).mean() - rng.choice(b, len(b)).mean())

    width = found.high - found.low
    np.testing.assert_allclose(found[1:3], brute_force(draw), atol=0.08 * width)
    assert not found.paired


def test_pairs_cancel_what_they_share():
    """Two networks that differ in one image in a hundred: unpaired, nobody could tell."""
    a = (np.random.default_rng(4).random(400) < 0.5).astype(float)
    b = a.copy()
    b[np.flatnonzero(a == 0)[:12]] = 1
    units = names(400)
    paired = paired_difference([Outcomes(units, a)], [Outcomes(units, b)])
    ends = [summarise([Outcomes(units, each)]) for each in (a, b)]
    unpaired = unpaired_difference(*((each.value, each.low, each.high) for each in ends))
    assert paired.high < 0 < unpaired.high


def test_questions_of_one_image_are_drawn_together():
    rng = np.random.default_rng(5)
    units = np.repeat(names(60), 3)
    base = np.repeat(rng.random(60) < 0.5, 3)
    a, b = base.astype(float), np.where(rng.random(180) < 0.8, base, 0).astype(float)

    def draw(rng):
        drawn = rng.integers(60, size=60)
        rows = (3 * drawn[:, None] + np.arange(3)).ravel()
        return 100 * (a[rows] - b[rows]).mean()

    found = paired_difference([Outcomes(units, a)], [Outcomes(units, b)])
    low, high = brute_force(draw)
    np.testing.assert_allclose(found[1:3], (low, high), atol=0.1 * (high - low))


def test_other_images_or_splits_make_no_pairs():
    a, b = correlated(20)
    one = Outcomes(names(20), a)
    assert paired_difference([one], [Outcomes(names(21)[1:], b)]) is None
    assert paired_difference([one], [one, one]) is None


def test_a_difference_of_numbers_without_intervals_is_exact():
    assert unpaired_difference((30, 25, 36), (10, np.nan, np.nan))[:3] == (20, 15, 26)


def test_a_table_is_read_by_its_first_column_and_by_split(tmp_path):
    table = pd.DataFrame(
        {
            "image_id": ["a", "b", "a", "c"],
            "split": [1, 1, 2, 2],
            "raw": [1, 0, 1, ""],
            "other": 0.5,
        }
    )
    write_csv(tmp_path / "t.csv", table)
    first, second = read_by_image(tmp_path / "t.csv", "raw")
    assert (first.units.tolist(), first.values.tolist()) == (["a", "b"], [1, 0])
    assert (second.units.tolist(), second.values.tolist()) == (["a"], [1])
    assert mean_percent([first, second]) == 75  # the mean of the splits' means
    with pytest.raises(InputError, match="lacks the column nothing"):
        read_by_image(tmp_path / "t.csv", "nothing")
