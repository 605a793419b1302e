"""Random predictions, and true boxes of their images."""

import numpy as np
import pandas as pd

from pipeline_lib.data.manifest import BOX_COLUMNS
from pipeline_lib.localization.predictions import Predictions

CLASSES = 7


def random_predictions(seed, n=60, labelled=True, **changed):
    rng = np.random.default_rng(seed)
    scores = rng.dirichlet(np.full(CLASSES, 0.4), n)
    classes = np.argsort(-scores, axis=1)[:, :5]
    scores = np.take_along_axis(scores, classes, axis=1)
    guessed_right = rng.random(n) < 0.6
    truth = np.where(guessed_right, classes[:, 0], (classes[:, 0] + 1) % CLASSES)
    values = {
        "image_id": [f"image{i:02}" for i in range(n)],
        "classes": classes.astype(np.int32),
        "scores": scores.astype(np.float32),
        "maps": rng.random((n, 5, 1, 2, 2)).astype(np.float32),
        "true_class": (truth if labelled else np.full(n, -1)).astype(np.int32),
        "true_map": rng.random((n, 1, 2, 2)).astype(np.float32),
        "class_labels": [f"n{i}" for i in range(CLASSES)],
        "name": "net",
        "method": "cam",
        "crops": 1,
        "size": (28, 28),
        "warped": (32, 32),
        "network": "0",
        "images": "1",
    }
    return Predictions(**values | changed)


def boxes_of(predictions, several=()):
    """A manifest and its boxes: one a labelled image, two for ``several``; image 0 has none."""
    n = len(predictions.image_id)
    images = pd.DataFrame(
        {
            "image_id": predictions.image_id,
            "path": [f"{name}.png" for name in predictions.image_id],
            "label": [predictions.label_of(int(c)) for c in predictions.true_class],
            "width": 48,
            "height": 40,
            "blacklisted": [int(i == 1) for i in range(n)],
        }
    )
    rows = [
        (predictions.image_id[i], images["label"][i], 8, 8, 40, 32)
        for i in range(1, n)
        for _ in range(1 + (i in several))
    ]
    return images, pd.DataFrame(rows, columns=list(BOX_COLUMNS))
