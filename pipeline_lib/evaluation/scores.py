"""The scores of one network, or of the centred box, on ILSVRC: errors in percent with intervals."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.manifest import read_csv
from pipeline_lib.evaluation.ground_truth import CORNERS, localizable
from pipeline_lib.evaluation.ilsvrc import (
    GT_KNOWN,
    HEURISTICS_TOP_5,
    box_is_right,
    classification_error,
    heuristics_error,
    localization_errors,
    true_rank,
)
from pipeline_lib.evaluation.interval import error_interval
from pipeline_lib.localization.centred_box import centred_box
from pipeline_lib.localization.heat_maps import TRUE_CLASS
from pipeline_lib.localization.predictions import Predictions


class ScoreKey(NamedTuple):
    """The columns that say what a score is of: the row in the tables, and how its boxes were made.

    ``threshold`` is the setting, a fraction of the map's maximum; it is NaN for methods without one and
    for a sweep. ``interpolation`` is "" without maps, ``centred_fraction`` NaN but for the centred box.
    """

    row: str
    box_method: str
    method: str
    crops: int
    threshold: float = np.nan
    interpolation: str = ""
    centred_fraction: float = np.nan


SCORE_COLUMNS = (*ScoreKey._fields, "metric", "error", "low", "high", "n")
CENTRED = ScoreKey("Centred box", "centred", "none", 0)


def score_network(
    predictions: Predictions,
    boxes: pd.DataFrame,
    settings: Mapping[str, object],
    images: pd.DataFrame,
    true_boxes: pd.DataFrame,
) -> pd.DataFrame:
    """Return classification and localization errors, top-1 and top-5, and GT-known localization.

    ``boxes`` were extracted from the predictions with ``settings`` (``box_settings``); ``images`` is
    the manifest in the predictions' order, ``true_boxes`` its boxes. Classification is scored on all
    labelled images, localization on the ``localizable`` ones; box method authors has "heuristics" too
    (protocol, section 2). Raises InputError if no image has a label.
    """
    truth = predictions.true_class
    labelled = truth >= 0
    if not labelled.any():
        raise InputError(f"{predictions.name}: no image has a label, so there is nothing to score")
    rank = true_rank(predictions.classes, truth)
    outcomes = {f"classification top-{k}": classification_error(rank[labelled], k) for k in (1, 5)}
    threshold, box_method = settings["threshold"], str(settings["box_method"])
    keep, boxes_of = localizable(images, true_boxes, labelled)
    if keep.any():
        true_class = boxes[boxes["rank"] == TRUE_CLASS].set_index("image_id")
        names = images["image_id"][keep]
        right = {
            fit: box_is_right(rows.loc[names, CORNERS].to_numpy(), boxes_of)
            for fit, rows in true_class.groupby("fit")
        }
        outcomes |= localization_errors(rank[keep], right["loose"])
        if box_method == "authors":
            outcomes[HEURISTICS_TOP_5] = heuristics_error(
                rank[keep], right["loose"], right["tight"]
            )
    key = score_key(
        predictions,
        box_method,
        interpolation=str(settings["interpolation"]),
        threshold=np.nan if threshold is None else float(threshold),
    )
    rows = [error_row(key, metric, wrong) for metric, wrong in outcomes.items()]
    return pd.DataFrame(rows, columns=list(SCORE_COLUMNS))


def score_centred_box(
    images: pd.DataFrame, true_boxes: pd.DataFrame, fraction: float
) -> pd.DataFrame:
    """Return GT-known localization of a centred box of ``fraction`` of each side in every image."""
    keep, boxes_of = localizable(images, true_boxes, (images["label"] != "").to_numpy())
    sizes = images.loc[keep, ["width", "height"]].to_numpy(float)
    boxes = np.array([centred_box(*size, fraction) for size in sizes]).reshape(-1, 4)
    key = CENTRED._replace(centred_fraction=fraction)
    rows = [error_row(key, GT_KNOWN, ~box_is_right(boxes, boxes_of))] if len(boxes) else []
    return pd.DataFrame(rows, columns=list(SCORE_COLUMNS))


def score_key(
    predictions: Predictions, box_method: str, *, interpolation: str, threshold: float = np.nan
) -> ScoreKey:
    """Return the key of scores of a network's boxes."""
    return ScoreKey(
        row=predictions.name,
        box_method=box_method,
        method=predictions.method,
        crops=predictions.crops,
        threshold=threshold,
        interpolation=interpolation,
    )


def error_row(key: ScoreKey, metric: str, wrong: np.ndarray) -> tuple:
    """Return a row of SCORE_COLUMNS from (n,) outcomes, True where the image is wrong; n >= 1."""
    low, high = error_interval(wrong)
    return (*key, metric, 100 * wrong.mean(), 100 * low, 100 * high, len(wrong))


def read_scores(path: Path) -> pd.DataFrame:
    """Read scores; what is not given is NaN. Raises InputError like ``read_csv``."""
    scores = read_csv(path, SCORE_COLUMNS)
    for column in ("threshold", "centred_fraction", "error", "low", "high"):
        scores[column] = pd.to_numeric(scores[column], errors="coerce")
    return scores
