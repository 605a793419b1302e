"""The few-shot baseline against brute force, and scikit-learn on planted places."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from pipeline_lib.localization.few_shot import fit_places, places_inside


@pytest.mark.parametrize("seed", range(20))
def test_places_are_inside_where_their_centre_is(seed):
    rng = np.random.default_rng(seed)
    width, height, h, w = rng.integers(3, 60, 4)
    corners = np.sort(rng.uniform(0, 60, (3, 2, 2)), axis=1).reshape(-1, 4)
    expected = [
        [
            any(
                x0 <= (i + 0.5) / w * width < x1 and y0 <= (j + 0.5) / h * height < y1
                for x0, y0, x1, y1 in corners
            )
            for i in range(w)
        ]
        for j in range(h)
    ]
    np.testing.assert_array_equal(places_inside((h, w), corners, width, height), expected)


def test_weights_are_those_of_the_channels_as_they_are():
    rng = np.random.default_rng(0)
    places = rng.normal(size=(400, 5)) * [1, 10, 0.1, 1, 1] + [0, 5, 3, 0, 0]
    is_inside = places[:, 0] + places[:, 1] / 10 + rng.normal(size=400) > 0.5
    weights, bias = fit_places(places.astype(np.float32), is_inside)
    scaled = (places - places.mean(0)) / places.std(0)
    reference = LogisticRegression(max_iter=1000).fit(scaled, is_inside)
    np.testing.assert_allclose(
        places @ weights[0] + bias[0], reference.decision_function(scaled), atol=1e-2
    )
    assert np.argmax(np.abs(weights[0] * places.std(0))) in (0, 1)
    assert (weights.shape, bias.shape, weights.dtype) == ((1, 5), (1,), np.float32)


def test_a_channel_that_never_changes_has_no_say():
    places = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    places[:, 1] = 0
    weights, bias = fit_places(places, places[:, 0] > 0)
    assert weights[0, 1] == 0 and np.isfinite(weights).all() and np.isfinite(bias).all()
