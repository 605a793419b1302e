"""What happened to each image: the rank of its true class, and how well the box of that class fits.

A class's box depends on the class alone, so these two decide every error of Tables 1 to 3. The table
has one row per labelled image, OUTCOME_COLUMNS:

- ``true_rank``: rank, from 1, of the true class among the guesses, 0 if it is not among them; NaN for
  the centred box, which names no class
- ``iou``: IoU of the true class's box (of method authors the loose one) with the best of the image's
  true boxes; NaN for images that localization is not scored on
- ``tight_iou``: the same for the authors' tight box; NaN for other box methods

The file by image (``by_image``) has besides them a column for each metric: 1 where the image is wrong.
"""

import numpy as np
import pandas as pd

from pipeline_lib.common.errors import InputError
from pipeline_lib.evaluation.ground_truth import CORNERS, localizable
from pipeline_lib.evaluation.ilsvrc import (
    GT_KNOWN,
    HEURISTICS_TOP_5,
    MIN_IOU,
    NOT_GUESSED,
    TOP_1,
    TOP_5,
    best_overlaps,
    classification_error,
    heuristics_error,
    localization_errors,
    true_rank,
)
from pipeline_lib.localization.centred_box import centred_box
from pipeline_lib.localization.heat_maps import TRUE_CLASS
from pipeline_lib.localization.predictions import Predictions

OUTCOME_COLUMNS = ("image_id", "true_rank", "iou", "tight_iou")
CLASSIFICATION = {"classification top-1": 1, "classification top-5": 5}
_FITS = {"loose": "iou", "tight": "tight_iou"}


def network_outcomes(
    predictions: Predictions, boxes: pd.DataFrame, images: pd.DataFrame, true_boxes: pd.DataFrame
) -> pd.DataFrame:
    """Return the outcomes (OUTCOME_COLUMNS) of a network's guesses and ``boxes``.

    ``boxes`` were extracted from the predictions; ``images`` is the manifest in the predictions' order,
    ``true_boxes`` its boxes. Raises InputError if no image has a label.
    """
    labelled = predictions.true_class >= 0
    if not labelled.any():
        raise InputError(f"{predictions.name}: no image has a label, so there is nothing to score")
    rank = true_rank(predictions.classes, predictions.true_class)
    table = _empty(images)
    table["true_rank"] = np.where(rank == NOT_GUESSED, 0, rank)
    keep, boxes_of = localizable(images, true_boxes, labelled)
    true_class = boxes[boxes["rank"] == TRUE_CLASS].set_index("image_id")
    for fit, rows in true_class.groupby("fit") if keep.any() else ():
        known = rows.loc[images["image_id"][keep], CORNERS].to_numpy()
        table.loc[keep, _FITS[fit]] = best_overlaps(known, boxes_of)
    return table[labelled].reset_index(drop=True)


def centred_outcomes(
    images: pd.DataFrame, true_boxes: pd.DataFrame, fraction: float
) -> pd.DataFrame:
    """Return the outcomes of a centred box of ``fraction`` of each side, of the localizable images."""
    keep, boxes_of = localizable(images, true_boxes, (images["label"] != "").to_numpy())
    sizes = images.loc[keep, ["width", "height"]].to_numpy(float)
    boxes = np.array([centred_box(*size, fraction) for size in sizes]).reshape(-1, 4)
    table = _empty(images[keep])
    table["iou"] = best_overlaps(boxes, boxes_of)
    return table


def metrics_of(outcomes: pd.DataFrame) -> list[str]:
    """Return the metrics that outcomes decide, in the tables' order."""
    metrics = []
    if outcomes["true_rank"].notna().any():
        metrics += CLASSIFICATION
    if outcomes["iou"].notna().any():
        metrics += [TOP_1, TOP_5, GT_KNOWN] if metrics else [GT_KNOWN]
        metrics += [HEURISTICS_TOP_5] * bool(outcomes["tight_iou"].notna().any())
    return metrics


def wrong(outcomes: pd.DataFrame, metric: str) -> pd.Series:
    """Return whether each image is wrong by a metric, bool by image id: the mean is the error.

    Classification is scored on all images, localization on those with an IoU. Raises InputError for a
    metric that the outcomes do not decide.
    """
    if metric not in metrics_of(outcomes):
        raise InputError(f"the outcomes per image do not decide '{metric}'")
    if metric not in CLASSIFICATION:
        outcomes = outcomes[outcomes["iou"].notna()]
    rank = outcomes["true_rank"].replace(0, NOT_GUESSED).to_numpy()
    loose, tight = (outcomes[column].to_numpy() >= MIN_IOU for column in _FITS.values())
    if metric in CLASSIFICATION:
        values = classification_error(rank, CLASSIFICATION[metric])
    elif metric == HEURISTICS_TOP_5:
        values = heuristics_error(rank, loose, tight)
    else:
        values = localization_errors(rank, loose)[metric]
    return pd.Series(values, index=outcomes["image_id"].to_numpy())


def with_errors(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return the table of the file: the outcomes, and for each metric 1 where the image is wrong.

    It is empty where the metric is not scored on the image.
    """
    by_image = outcomes.set_index("image_id")
    errors = {metric: wrong(outcomes, metric).astype(int) for metric in metrics_of(outcomes)}
    ranks = {"true_rank": by_image["true_rank"].astype("Int64")}
    whole = pd.DataFrame(errors, index=by_image.index).astype("Int64")
    return pd.concat([by_image.assign(**ranks), whole], axis=1).reset_index()


def _empty(images: pd.DataFrame) -> pd.DataFrame:
    """Return the table for images, without any outcome yet."""
    table = pd.DataFrame(np.nan, index=range(len(images)), columns=list(OUTCOME_COLUMNS[1:]))
    table.insert(0, "image_id", images["image_id"].to_numpy())
    return table
