"""Predictions with random maps, for the steps that measure them."""

import numpy as np
import pytest

from pipeline_lib.common.files import fingerprint
from pipeline_lib.data.manifest import BOX_COLUMNS, IMAGE_COLUMNS, write_rows
from pipeline_lib.localization.predictions import Header, write_predictions

N = 12


@pytest.fixture
def folder(tmp_path):
    """Images of 64x48 with a random box, and predictions with random maps."""
    rng = np.random.default_rng(0)
    names = [f"i{n}" for n in range(N)]
    images = [(name, f"{name}.jpg", "c0", 64, 48, 0) for name in names]
    write_rows(tmp_path / "images.csv", IMAGE_COLUMNS, images)
    corners = np.sort(rng.integers(0, 48, (N, 2, 2)), axis=1).reshape(-1, 4).tolist()
    boxes = [(name, "c0", *box) for name, box in zip(names, corners, strict=True)]
    write_rows(tmp_path / "boxes.csv", BOX_COLUMNS, boxes)
    header = Header(
        image_id=names,
        true_class=np.zeros(N, np.int32),
        class_labels=["c0", "c1"],
        name="net",
        method="cam",
        crops=1,
        size=(56, 56),
        warped=(64, 64),
        network="0",
        images=fingerprint(tmp_path / "images.csv"),
    )
    batch = {
        "classes": np.array([rng.permutation(2) for _ in range(N)], np.int32),
        "scores": np.full((N, 2), 0.5, np.float32),
        "maps": np.zeros((N, 2, 1, 7, 7), np.float32),
        "true_map": rng.random((N, 1, 7, 7)).astype(np.float32),
    }
    write_predictions(tmp_path / "net.h5", header, [batch])
    return tmp_path
