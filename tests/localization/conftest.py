"""Predictions made by hand."""

import numpy as np
import pytest

from pipeline_lib.localization.predictions import Predictions


def make_predictions(maps, true_map=None, **changed):
    """Predictions of (n, guesses, planes, h, w) maps: classes 0, 1 ... by falling scores."""
    maps = np.asarray(maps)
    n, guesses = maps.shape[:2]
    values = {
        "image_id": [f"i{number}" for number in range(n)],
        "true_class": np.zeros(n, np.int32),
        "class_labels": [f"n{number}" for number in range(1, 8)],
        "name": "net",
        "method": "cam",
        "crops": maps.shape[2],
        "size": (28, 28),
        "warped": (32, 32),
        "network": "0123",
        "images": "4567",
        "classes": np.tile(np.arange(guesses, dtype=np.int32), (n, 1)),
        "scores": np.tile(0.5 ** np.arange(1, guesses + 1, dtype=np.float32), (n, 1)),
        "maps": maps,
        "true_map": maps[:, 0] if true_map is None else true_map,
    }
    return Predictions(**values | changed)


@pytest.fixture
def predictions_of():
    """The function that makes predictions in memory."""
    return make_predictions
