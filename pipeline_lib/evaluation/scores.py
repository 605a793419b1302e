"""The scores of one network, or of the centred box, on ILSVRC: errors in percent with intervals."""

from pathlib import Path

import numpy as np
import pandas as pd

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.manifest import read_csv
from pipeline_lib.evaluation.ground_truth import CORNERS, localizable
from pipeline_lib.evaluation.ilsvrc import (
    GT_KNOWN,
    HEURISTICS,
    box_is_right,
    classification_error,
    heuristics_error,
    localization_errors,
    true_rank,
)
from pipeline_lib.evaluation.interval import error_interval
from pipeline_lib.localization.boxes import centred_box
from pipeline_lib.localization.heat import TRUE_CLASS
from pipeline_lib.localization.predictions import Predictions

COLUMNS = ("row", "rule", "method", "crops", "metric", "error", "low", "high", "n")
CENTRED = ("Centred box", "centred", "none", 0)  # row, rule, method, crops


def score_network(
    predictions: Predictions, drawn: pd.DataFrame, images: pd.DataFrame, true_boxes: pd.DataFrame
) -> pd.DataFrame:
    """Classification and localization errors, top-1 and top-5, and GT-known Loc (protocol, 2).

    ``drawn`` are the boxes drawn from the predictions by one rule, ``images`` the manifest in the
    predictions' order, ``true_boxes`` its boxes. Classification is scored on all labelled images,
    localization on the ``localizable`` ones; the authors' rule has the "heuristics" too. Raises
    InputError where the labels are unknown.
    """
    truth = predictions.true_class
    labelled = truth >= 0
    if not labelled.any():
        raise InputError(f"{predictions.name}: no image has a label, so there is nothing to score")
    rank = true_rank(predictions.classes, truth)
    outcomes = {f"classification top-{k}": classification_error(rank[labelled], k) for k in (1, 5)}
    rule = drawn["rule"].iloc[0]
    keep, boxes_of = localizable(images, true_boxes, labelled)
    if keep.any():
        known = drawn[drawn["rank"] == TRUE_CLASS].set_index("image_id")
        names = images["image_id"][keep]
        right = {
            fit: box_is_right(rows.loc[names, CORNERS].to_numpy(), boxes_of)
            for fit, rows in known.groupby("fit")
        }
        outcomes |= localization_errors(rank[keep], right["loose"])
        if rule == "authors":
            outcomes[HEURISTICS] = heuristics_error(rank[keep], right["loose"], right["tight"])
    whose = identity(predictions, rule)
    rows = [error_row(whose, metric, wrong) for metric, wrong in outcomes.items()]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def score_centred_box(images: pd.DataFrame, true_boxes: pd.DataFrame, part: float) -> pd.DataFrame:
    """GT-known Loc of a box of ``part`` of each side in the middle of every image."""
    keep, boxes_of = localizable(images, true_boxes, (images["label"] != "").to_numpy())
    sizes = images.loc[keep, ["width", "height"]].to_numpy(float)
    boxes = np.array([centred_box(width, height, part) for width, height in sizes]).reshape(-1, 4)
    rows = [error_row(CENTRED, GT_KNOWN, ~box_is_right(boxes, boxes_of))] if len(boxes) else []
    return pd.DataFrame(rows, columns=list(COLUMNS))


def identity(predictions: Predictions, rule: str) -> tuple[str, str, str, int]:
    """Return the columns that say whose score it is: row, rule, method, crops."""
    return predictions.name, rule, predictions.method, predictions.crops


def error_row(whose: tuple[str, str, str, int], metric: str, wrong: np.ndarray) -> tuple:
    """Return a row of ``COLUMNS`` from (n,) outcomes, True where the image is wrong; n >= 1."""
    low, high = error_interval(wrong)
    return (*whose, metric, 100 * wrong.mean(), 100 * low, 100 * high, len(wrong))


def read_scores(path: Path) -> pd.DataFrame:
    """Read scores; an interval may be missing (NaN). Raises InputError like ``read_csv``."""
    scores = read_csv(path, COLUMNS)
    for column in ("error", "low", "high"):
        scores[column] = pd.to_numeric(scores[column], errors="coerce")
    return scores
