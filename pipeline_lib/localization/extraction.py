"""The boxes of a whole predictions file, as a table, by one of three box methods."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline_lib.common.command import progress
from pipeline_lib.common.errors import InputError
from pipeline_lib.common.images import open_rgb
from pipeline_lib.localization.authors_box import authors_boxes
from pipeline_lib.localization.components import Box
from pipeline_lib.localization.graphcut_box import graphcut_box
from pipeline_lib.localization.heat_maps import (
    MAX,
    SUM,
    TRUE_CLASS,
    applied_interpolation,
    heat_map,
)
from pipeline_lib.localization.paper_box import paper_box
from pipeline_lib.localization.predictions import Predictions

BOX_METHODS = ("paper", "authors", "graphcut")
FITS = ("loose", "tight")  # the authors' first and second box; other methods have one, "loose"
BOX_TABLE_COLUMNS = (
    *("image_id", "rank", "class", "score", "fit"),
    *("x0", "y0", "x1", "y1", "box_method"),
)


def extract_boxes(
    predictions: Predictions,
    images: pd.DataFrame,
    box_method: str,
    *,
    threshold: float,
    interpolation: str,
    root: Path | None = None,
) -> pd.DataFrame:
    """Return rows of BOX_TABLE_COLUMNS: each image's true class (rank 0, no score), then its guesses.

    Boxes are half-open, in pixels of the image. Only method paper uses ``threshold``; only graphcut
    reads the photographs, below ``root``. Method authors gives a loose and a tight box, twice the
    same one if it finds only one. Raises InputError for images without a size, and for graphcut
    without backprop's maps or without ``root``.
    """
    if images[["width", "height"]].isna().any(axis=None):
        raise InputError(f"{predictions.name}: the manifest lacks sizes, so there can be no boxes")
    if box_method == "graphcut" and (predictions.method != "backprop" or root is None):
        raise InputError(
            f"{predictions.name}: box method graphcut needs backprop's maps and --root"
        )
    rows = []
    table = images[["path", "width", "height"]].itertuples(index=False)
    for n, (path, width, height) in enumerate(progress(table, "boxes", total=len(images))):
        boxes: dict[str, list[Box]] = {}
        for rank, label, score in _classes_with_maps(predictions, n):
            if label not in boxes:  # the true class is usually among the guesses
                plane = SUM if box_method == "authors" else MAX
                size = (int(width), int(height))
                heat = heat_map(predictions, n, rank, *size, interpolation, plane)
                if box_method == "paper":
                    boxes[label] = [paper_box(heat, threshold)]
                elif box_method == "authors":
                    candidates = authors_boxes(heat)
                    boxes[label] = [candidates[0], candidates[min(1, len(candidates) - 1)]]
                else:
                    boxes[label] = [graphcut_box(_photograph(root / path, heat.shape), heat)]
            for fit, box in zip(FITS, boxes[label], strict=False):
                rows.append((predictions.image_id[n], rank, label, score, fit, *box, box_method))
    return pd.DataFrame(rows, columns=list(BOX_TABLE_COLUMNS))


def box_settings(
    predictions: Predictions, box_method: str, *, threshold: float, interpolation: str
) -> dict[str, object]:
    """Return the settings that are written into the boxes file: how its boxes were made.

    ``threshold`` is None for the methods that do not use it; ``interpolation`` is the applied one.
    """
    return {
        "box_method": box_method,
        "threshold": threshold if box_method == "paper" else None,
        "interpolation": applied_interpolation(predictions, interpolation),
        "method": predictions.method,
        "crops": predictions.crops,
    }


def _photograph(path: Path, shape: tuple[int, int]) -> np.ndarray:
    """Read a photograph; raise InputError if its (height, width) is not the manifest's."""
    pixels = np.asarray(open_rgb(path))
    if pixels.shape[:2] != shape:
        height, width = shape
        raise InputError(f"{path}: is not {width}x{height} as in the manifest; rerun index")
    return pixels


def _classes_with_maps(predictions: Predictions, n: int) -> Iterator[tuple[int, str, float | None]]:
    """Yield the (rank, label, score) of the classes that image ``n`` has a map for."""
    if predictions.true_class[n] >= 0:
        yield TRUE_CLASS, predictions.label_of(int(predictions.true_class[n])), None
    for index, label in enumerate(predictions.labels_of(n)[: predictions.maps.shape[1]]):
        yield index + 1, label, float(predictions.scores[n, index])
