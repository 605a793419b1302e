"""Hard mining, against liblinear on all images at once and against planted errors in captions."""

import numpy as np
import pytest
from sklearn.svm import LinearSVC

from pipeline_lib.discovery.mining import mine_detectors, separabilities
from pipeline_lib.discovery.unit_features import UnitFeatures
from pipeline_lib.study.configuration.discovery import MiningConfig
from pipeline_lib.svm.problem import Solution


@pytest.fixture
def scattered():
    """500 images of 12 features in which a concept is half visible, (n, d) and (n, 1) bool."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(500, 12)).astype(np.float32)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    has = features[:, 0] + 0.3 * rng.normal(size=500) > 0.6
    return features, has[:, None]


def test_blocks_change_nothing(tmp_path, scattered):
    features, _ = scattered
    features = 7 * features
    features[3] = 0
    np.save(tmp_path / "x.npy", features)
    blocks = UnitFeatures(np.load(tmp_path / "x.npy", mmap_mode="r"), block=64)
    index = np.array([499, 3, 64, 63, 128])
    length = np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)
    unit = features / length
    np.testing.assert_allclose(blocks.rows(index), unit[index], rtol=1e-6)
    two = Solution(np.ones((2, 12), np.float32), np.array([0, 5], np.float32), np.zeros(2))
    expected = unit.sum(1, keepdims=True) + [0, 5]
    np.testing.assert_allclose(blocks.decide(two), expected, rtol=1e-4, atol=1e-5)


def test_mined_to_the_end_it_is_the_svm_of_all_images(scattered):
    features, has = scattered
    config = MiningConfig(keep_fraction=1.0, rounds=40)
    (detector,) = mine_detectors(UnitFeatures(features, 100), np.arange(500), has, config)
    assert detector.converged
    assert len(detector.positives) + len(detector.negatives) < 500  # easy ones were left out
    whole = LinearSVC(C=config.cost, tol=1e-8, max_iter=10**6, dual=False).fit(features, has[:, 0])
    np.testing.assert_allclose(detector.solution.weights[0], whole.coef_[0], atol=2e-3)
    np.testing.assert_allclose(detector.solution.bias, whole.intercept_, atol=2e-3)


def test_it_ends_by_itself_or_after_so_many_rounds(scattered):
    features, has = scattered
    (short,) = mine_detectors(UnitFeatures(features), np.arange(500), has, MiningConfig(rounds=2))
    assert (short.rounds, short.converged) == (2, False)
    (long,) = mine_detectors(UnitFeatures(features), np.arange(500), has, MiningConfig(rounds=40))
    (again,) = mine_detectors(
        UnitFeatures(features), np.arange(500), has, MiningConfig(rounds=long.rounds)
    )
    assert long.converged
    assert long.rounds < 40
    assert again.converged
    np.testing.assert_array_equal(short.before_mining.weights, long.before_mining.weights)
    assert np.abs(long.before_mining.weights - long.solution.weights).max() > 0.01
    np.testing.assert_array_equal(again.solution.weights, long.solution.weights)


def test_images_wrongly_captioned_are_dropped_first():
    rng = np.random.default_rng(1)
    shows = np.arange(400) < 80
    features = rng.normal(size=(400, 30)).astype(np.float32)
    features[shows, 0] += 6
    has = shows.copy()
    wrong = np.array([100, 150, 200, 250, 300, 350, 390, 399])
    has[wrong] = True
    (detector,) = mine_detectors(
        UnitFeatures(features),
        np.arange(400),
        has[:, None],
        MiningConfig(keep_fraction=0.9, cost=1.0),
    )
    assert len(detector.positives) == np.ceil(0.9 * 88)
    assert not set(wrong) & set(detector.positives)


def test_only_the_given_rows_are_used_and_no_more_than_allowed(scattered):
    features, has = scattered
    rows = np.arange(0, 500, 2)
    spoiled = features.copy()
    spoiled[1::2] = np.random.default_rng(5).normal(size=(250, 12))
    config = MiningConfig(max_examples=20)
    (detector,) = mine_detectors(UnitFeatures(features), rows, has, config)
    (other,) = mine_detectors(UnitFeatures(spoiled), rows, has, config)
    np.testing.assert_array_equal(detector.solution.weights, other.solution.weights)
    assert set(detector.with_phrase) | set(detector.negatives) <= set(rows)
    assert len(detector.with_phrase) <= 20
    assert len(detector.negatives) <= 20
    assert has[detector.positives].all()
    assert not has[detector.negatives].any()


def test_concepts_side_by_side_are_as_alone(scattered):
    features, has = scattered
    others = np.random.default_rng(2).random((500, 2)) < 0.1
    found = mine_detectors(
        UnitFeatures(features), np.arange(500), np.hstack([others, has]), MiningConfig()
    )
    (alone,) = mine_detectors(UnitFeatures(features), np.arange(500), has, MiningConfig())
    np.testing.assert_allclose(found[2].solution.weights, alone.solution.weights, atol=1e-4)
    assert found[2].rounds == alone.rounds


def test_what_is_in_the_features_is_separable_and_what_is_not_is_not(scattered):
    features, has = scattered
    blind = np.random.default_rng(3).random((500, 1)) < has.mean()
    values = []
    for column in (has, blind):
        (detector,) = mine_detectors(
            UnitFeatures(features), np.arange(500), column, MiningConfig(rounds=1)
        )
        values += separabilities(
            UnitFeatures(features), [detector], np.arange(500), column, MiningConfig()
        )
    assert values[0] > 0.25
    assert abs(values[1]) < 0.15


def test_too_few_images_cannot_be_cross_validated(scattered):
    features, _ = scattered
    has = np.arange(500)[:, None] < 2
    (detector,) = mine_detectors(UnitFeatures(features), np.arange(500), has, MiningConfig())
    arguments = (UnitFeatures(features), [detector], np.arange(500), has, MiningConfig())
    assert np.isnan(separabilities(*arguments)).all()
