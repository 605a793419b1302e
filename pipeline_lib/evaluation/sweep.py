"""The paper's box rule at every threshold, and the best threshold, chosen on images held out."""

import numpy as np
import pandas as pd

from pipeline_lib.common.command import progress
from pipeline_lib.evaluation import maxboxacc
from pipeline_lib.evaluation.ground_truth import localizable
from pipeline_lib.evaluation.ilsvrc import (
    OVERLAP,
    TOP_1,
    best_overlap,
    localization_errors,
    true_rank,
)
from pipeline_lib.evaluation.scores import COLUMNS, error_row, identity
from pipeline_lib.localization.boxes import paper_box
from pipeline_lib.localization.heat import TRUE_CLASS, heat_map
from pipeline_lib.localization.predictions import Predictions

THRESHOLDS = np.arange(50) / 50  # of the map's maximum
CURVE_COLUMNS = ("row", "threshold", "part", "metric", "error", "n")
HELD_OUT, SCORED, ALL = "held-out", "scored", "all"
CHOSEN, AT_CHOSEN, MAX_BOX_ACC = "threshold chosen", "{} at it", "MaxBoxAccV2"


def sweep(
    predictions: Predictions,
    images: pd.DataFrame,
    true_boxes: pd.DataFrame,
    *,
    held_out: float,
    seed: int,
    interpolation: str,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the curve (``CURVE_COLUMNS``, percent) and the scores of the threshold it chooses.

    Of the localizable images the part ``held_out`` chooses the threshold and the others score it,
    the same images for every network. Scores are rule paper's: the threshold in percent of the
    maximum, the errors at it on the scored part, and MaxBoxAccV2, an accuracy, on all images. Both
    tables are empty where fewer than two images can be localized.
    """
    keep, boxes_of = localizable(images, true_boxes, predictions.true_class >= 0)
    kept = np.flatnonzero(keep)
    if len(kept) < 2:
        return pd.DataFrame(columns=list(CURVE_COLUMNS)), pd.DataFrame(columns=list(COLUMNS))
    right = np.empty((len(kept), len(THRESHOLDS)), bool)
    hits = np.empty((*right.shape, len(maxboxacc.OVERLAPS)), np.uint8)
    sizes = images[["width", "height"]].to_numpy(int)[kept]
    pairs = zip(kept.tolist(), sizes.tolist(), boxes_of, strict=True)
    for place, (n, size, true) in enumerate(progress(pairs, "thresholds", total=len(kept))):
        heat = heat_map(predictions, n, TRUE_CLASS, *size, interpolation)
        boxes = np.array([paper_box(heat, threshold) for threshold in THRESHOLDS])
        right[place] = best_overlap(boxes, true) >= OVERLAP
        small = maxboxacc.evaluated_size(*size)
        if small != tuple(size):
            heat = heat_map(predictions, n, TRUE_CLASS, *small, interpolation)
        shrunk = true * np.tile(np.divide(small, size), 2)
        hits[place] = maxboxacc.hits(heat, shrunk, THRESHOLDS)
    rank = true_rank(predictions.classes, predictions.true_class)[kept]
    wrong = localization_errors(rank[:, None], right)
    parts = _split(len(kept), held_out, seed)
    curve = _curve(predictions.name, wrong, parts)
    best = chosen_threshold(curve)
    whose = identity(predictions, "paper")
    rows = [(*whose, CHOSEN, 100 * best, np.nan, np.nan, len(parts[HELD_OUT]))]
    for metric, outcomes in wrong.items():
        at_it = outcomes[parts[SCORED], np.searchsorted(THRESHOLDS, best)]
        rows.append(error_row(whose, AT_CHOSEN.format(metric), at_it))
    rows.append((*whose, MAX_BOX_ACC, *maxboxacc.max_box_acc(hits, seed), len(kept)))
    return curve, pd.DataFrame(rows, columns=list(COLUMNS))


def chosen_threshold(curve: pd.DataFrame) -> float:
    """The threshold with the least top-1 error on the held-out part of one row's curve.

    Of equally good ones it is the lowest; the scored part has no say.
    """
    seen = curve[(curve["part"] == HELD_OUT) & (curve["metric"] == TOP_1)].sort_values("threshold")
    return float(seen["threshold"].iloc[int(seen["error"].to_numpy().argmin())])


def _split(count: int, held_out: float, seed: int) -> dict[str, np.ndarray]:
    """Indices by part; each of the two has an image at least."""
    order = np.random.default_rng(seed).permutation(count)
    first = min(max(1, round(held_out * count)), count - 1)
    return {HELD_OUT: order[:first], SCORED: order[first:], ALL: order}


def _curve(name: str, wrong: dict[str, np.ndarray], parts: dict[str, np.ndarray]) -> pd.DataFrame:
    rows = [
        (name, threshold, part, metric, error, len(indices))
        for part, indices in parts.items()
        for metric, outcomes in wrong.items()
        for threshold, error in zip(THRESHOLDS, 100 * outcomes[indices].mean(axis=0), strict=True)
    ]
    return pd.DataFrame(rows, columns=list(CURVE_COLUMNS))
