"""The scores of one network, or of the centred box, on ILSVRC: errors in percent with intervals."""

import numpy as np
import pandas as pd

from pipeline_lib.common.errors import InputError
from pipeline_lib.evaluation.ilsvrc import classification_error, gt_known_error, localization_error
from pipeline_lib.evaluation.interval import error_interval
from pipeline_lib.localization.boxes import centred_box
from pipeline_lib.localization.drawn import TRUE_CLASS
from pipeline_lib.localization.predictions import Predictions

COLUMNS = ("row", "metric", "error", "low", "high", "n")
CORNERS = ["x0", "y0", "x1", "y1"]
GT_KNOWN = "GT-known"


def score_network(
    predictions: Predictions, drawn: pd.DataFrame, images: pd.DataFrame, true_boxes: pd.DataFrame
) -> pd.DataFrame:
    """Classification and localization errors, top-1 and top-5, and GT-known Loc (protocol, 2).

    ``drawn`` are the network's boxes (rank 0 for the true class), ``images`` the manifest in the
    predictions' order, ``true_boxes`` its boxes. Classification is scored on all labelled images,
    localization on those of them that have boxes and are not blacklisted. Raises InputError where
    the labels are unknown.
    """
    truth = predictions.true_class
    labelled = truth >= 0
    if not labelled.any():
        raise InputError(f"{predictions.name}: no image has a label, so there is nothing to score")
    rows = []
    for k in (1, 5):
        outcomes = classification_error(predictions.classes[labelled], truth[labelled], k)
        rows.append(_row(predictions.name, f"classification top-{k}", outcomes))
    keep, boxes_of = _localizable(images, true_boxes, labelled)
    if keep.any():
        ranks = predictions.classes.shape[1]
        guesses = drawn[drawn["rank"] != TRUE_CLASS][CORNERS].to_numpy().reshape(-1, ranks, 4)[keep]
        for k in (1, 5):
            outcomes = localization_error(
                predictions.classes[keep], guesses, truth[keep], boxes_of, k
            )
            rows.append(_row(predictions.name, f"localization top-{k}", outcomes))
        known = drawn[drawn["rank"] == TRUE_CLASS].set_index("image_id")[CORNERS]
        known = known.loc[images["image_id"][keep]].to_numpy()
        rows.append(_row(predictions.name, GT_KNOWN, gt_known_error(known, boxes_of)))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def score_centred_box(images: pd.DataFrame, true_boxes: pd.DataFrame, part: float) -> pd.DataFrame:
    """GT-known Loc of a box of ``part`` of each side in the middle of every image."""
    keep, boxes_of = _localizable(images, true_boxes, (images["label"] != "").to_numpy())
    sizes = images.loc[keep, ["width", "height"]].to_numpy(float)
    boxes = np.array([centred_box(width, height, part) for width, height in sizes]).reshape(-1, 4)
    rows = [_row("Centred box", GT_KNOWN, gt_known_error(boxes, boxes_of))] if len(boxes) else []
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _localizable(
    images: pd.DataFrame, true_boxes: pd.DataFrame, labelled: np.ndarray
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return the mask of images that localization is scored on, and their true boxes in order."""
    boxes_of = {name: group[CORNERS].to_numpy() for name, group in true_boxes.groupby("image_id")}
    keep = (
        labelled
        & (images["blacklisted"] == 0).to_numpy()
        & images["image_id"].isin(boxes_of).to_numpy()
    )
    return keep, [boxes_of[name] for name in images["image_id"][keep]]


def _row(name: str, metric: str, outcomes: np.ndarray) -> tuple:
    low, high = error_interval(outcomes)
    return (name, metric, 100 * outcomes.mean(), 100 * low, 100 * high, len(outcomes))
