"""The paper's box method at every threshold; the best threshold, chosen on held-out images."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from pipeline_lib.common.blocks import block_ranges
from pipeline_lib.common.command import progress
from pipeline_lib.common.errors import InputError
from pipeline_lib.common.processes import run_in_processes
from pipeline_lib.evaluation import maxboxacc
from pipeline_lib.evaluation.ground_truth import localizable
from pipeline_lib.evaluation.ilsvrc import (
    MIN_IOU,
    TOP_1,
    best_overlap,
    localization_errors,
    true_rank,
)
from pipeline_lib.evaluation.interval import ratio_interval
from pipeline_lib.evaluation.scores import SCORE_COLUMNS, error_row, score_key
from pipeline_lib.localization.heat_maps import TRUE_CLASS, applied_interpolation, heat_map
from pipeline_lib.localization.paper_box import paper_boxes
from pipeline_lib.localization.predictions import Predictions

THRESHOLDS = np.arange(50) / 50  # of the map's maximum
_BLOCK = 128  # images that a process is given at a time
CURVE_COLUMNS = ("row", "interpolation", "threshold", "subset", "metric", "error", "n")
HELD_OUT, SCORED, ALL = "held-out", "scored", "all"  # subsets of the images
CHOSEN, AT_CHOSEN = "threshold chosen", "{} at it"
MAX_BOX_ACC_V1, MAX_BOX_ACC = "MaxBoxAcc", "MaxBoxAccV2"  # the threshold is the best for all images
BOX_ACC_V1, BOX_ACC = "BoxAcc", "BoxAccV2"  # the same at the threshold chosen on held-out images


class Sweep(NamedTuple):
    """The tables of a sweep: curve (CURVE_COLUMNS), scores (SCORE_COLUMNS), and the scores by image
    (``by_image``), with the subset of each image."""

    curve: pd.DataFrame
    scores: pd.DataFrame
    images: pd.DataFrame


class Boxed(NamedTuple):
    """Predictions with their manifest: its images and true boxes."""

    predictions: Predictions
    images: pd.DataFrame
    true_boxes: pd.DataFrame


def sweep(
    scored: Boxed,
    held_out: Boxed | None = None,
    *,
    held_out_fraction: float,
    seed: int,
    interpolation: str,
    processes: int = 1,
) -> Sweep:
    """Return the curve, in percent, and the scores at the threshold chosen from it.

    The threshold is chosen on the images ``held_out`` and scored on the others. Without them, it is
    chosen on ``held_out_fraction`` of the localizable images, the same for every network, and scored
    on the rest. The scores are of box method paper: the chosen threshold in percent of the maximum,
    the errors at it, and the accuracies of ``maxboxacc``: BoxAcc at thresholds chosen in the same
    way, MaxBoxAcc at those that are best for all images. ``processes`` share the work, with the same
    result. The tables are empty if fewer than two images can be localized.
    """
    predictions = scored.predictions
    measured = _measured(scored, interpolation, processes)
    count, others = len(measured.image_id), 0
    if held_out is not None:
        _require_same_classes(predictions, held_out.predictions)
        other = _measured(held_out, interpolation, processes)
        others = len(other.image_id)
        measured = Measured(*map(np.concatenate, zip(measured, other, strict=True)))
    if count < 2 or (held_out is not None and not others):  # nothing to choose on, or to score
        columns = (CURVE_COLUMNS, SCORE_COLUMNS, ("image_id", "subset"))
        return Sweep(*(pd.DataFrame(columns=list(each)) for each in columns))
    subsets = split(count, held_out_fraction, seed)
    if others:
        subsets = {HELD_OUT: count + np.arange(others)} | dict.fromkeys(
            (SCORED, ALL), np.arange(count)
        )
    wrong = localization_errors(measured.rank[:, None], measured.right)
    interpolation = applied_interpolation(predictions, interpolation)
    curve = _curve((predictions.name, interpolation), wrong, subsets)
    best = chosen_threshold(curve)
    key = score_key(predictions, "paper", interpolation=interpolation)
    rows = [(*key, CHOSEN, 100 * best, np.nan, np.nan, len(subsets[HELD_OUT]))]
    by_image = pd.DataFrame({"image_id": measured.image_id[:count], "subset": HELD_OUT})
    by_image.loc[subsets[SCORED], "subset"] = SCORED
    for metric, outcomes in wrong.items():
        at_it = outcomes[subsets[SCORED], np.searchsorted(THRESHOLDS, best)]
        rows.append(error_row(key, AT_CHOSEN.format(metric), at_it))
        by_image.loc[subsets[SCORED], AT_CHOSEN.format(metric)] = at_it.astype(int)
    for columns, chosen, any_threshold in (
        (maxboxacc.V1, BOX_ACC_V1, MAX_BOX_ACC_V1),
        (maxboxacc.V2, BOX_ACC, MAX_BOX_ACC),
    ):
        hits = measured.hits[:, :, columns]
        places = maxboxacc.best_thresholds(hits[subsets[HELD_OUT]])
        accuracies = maxboxacc.image_accuracies(hits[subsets[SCORED]], places)
        by_image.loc[subsets[SCORED], chosen] = accuracies
        in_percent = (100 * part for part in ratio_interval(accuracies, seed=seed))
        rows.append((*key, chosen, *in_percent, len(accuracies)))
        of_all = hits[:count]
        rows.append((*key, any_threshold, *maxboxacc.accuracy(of_all, seed), count))
        places = maxboxacc.best_thresholds(of_all)
        by_image[any_threshold] = maxboxacc.image_accuracies(of_all, places)
    return Sweep(curve, pd.DataFrame(rows, columns=list(SCORE_COLUMNS)), by_image)


def _require_same_classes(predictions: Predictions, held_out: Predictions) -> None:
    """Raise InputError where the held-out predictions are of another network or kind of map."""
    for what in ("network", "method", "crops"):
        if getattr(predictions, what) != getattr(held_out, what):
            raise InputError(
                f"{held_out.name}: the held-out images have another {what}; predict anew"
            )


class Measured(NamedTuple):
    """Of n localizable images: the true class's rank, (n,); whether the paper's box is right,
    (n, thresholds); the hits of ``maxboxacc``, (n, thresholds, 4)."""

    image_id: np.ndarray
    rank: np.ndarray
    right: np.ndarray
    hits: np.ndarray


def _measured(boxed: Boxed, interpolation: str, processes: int) -> Measured:
    """Measure the localizable images of a set."""
    predictions, images, true_boxes = boxed
    keep, boxes_of = localizable(images, true_boxes, predictions.true_class >= 0)
    if not keep.any():
        hits = np.empty((0, len(THRESHOLDS), 1 + len(maxboxacc.MIN_IOUS)), np.uint8)
        return Measured(np.array([], object), np.array([], int), hits[:, :, 0] > 0, hits)
    sizes = images[["width", "height"]].to_numpy(int)
    tasks = (
        (predictions.part(block, guesses=False), keep[rows], sizes[rows], boxes, interpolation)
        for block, rows, boxes in _blocks(keep, boxes_of)
    )
    total = len(block_ranges(len(keep), _BLOCK))
    outcomes = run_in_processes(_outcomes, tasks, min(processes, total))
    right, hits = map(
        np.concatenate, zip(*progress(outcomes, "thresholds", total=total), strict=True)
    )
    rank = true_rank(predictions.classes, predictions.true_class)[keep]
    return Measured(images["image_id"].to_numpy()[keep], rank, right, hits)


def _blocks(
    keep: np.ndarray, boxes_of: list[np.ndarray]
) -> Iterator[tuple[range, slice, list[np.ndarray]]]:
    """Yield consecutive images, as a range and a slice, and the boxes of those to ``keep``."""
    before = [0, *np.cumsum(keep).tolist()]
    for block in block_ranges(len(keep), _BLOCK):
        boxes = boxes_of[before[block.start] : before[block.stop]]
        yield block, slice(block.start, block.stop), boxes


def _outcomes(
    predictions: Predictions,
    keep: np.ndarray,
    sizes: np.ndarray,
    boxes_of: list[np.ndarray],
    interpolation: str,
) -> tuple[np.ndarray, np.ndarray]:
    """Return whether the paper's box is right, (m, thresholds), and the hits of ``maxboxacc``.

    ``boxes_of`` are the true boxes of the m images to ``keep``.
    """
    right = np.empty((len(boxes_of), len(THRESHOLDS)), bool)
    hits = np.empty((*right.shape, 1 + len(maxboxacc.MIN_IOUS)), np.uint8)
    for place, (n, true) in enumerate(zip(np.flatnonzero(keep).tolist(), boxes_of, strict=True)):
        size = tuple(sizes[n].tolist())
        heat = heat_map(predictions, n, TRUE_CLASS, *size, interpolation)
        right[place] = best_overlap(np.array(paper_boxes(heat, THRESHOLDS)), true) >= MIN_IOU
        square = heat_map(predictions, n, TRUE_CLASS, *[maxboxacc.SIDE] * 2, "bilinear")
        hits[place] = maxboxacc.hits(square, maxboxacc.evaluated_boxes(true, *size), THRESHOLDS)
    return right, hits


def chosen_threshold(curve: pd.DataFrame) -> float:
    """Return the threshold with the lowest top-1 error on the held-out subset of one row's curve.

    Of equally good thresholds it is the lowest; the scored subset does not matter.
    """
    held_out = curve[(curve["subset"] == HELD_OUT) & (curve["metric"] == TOP_1)]
    held_out = held_out.sort_values("threshold")
    return float(held_out["threshold"].iloc[int(held_out["error"].to_numpy().argmin())])


def split(count: int, held_out_fraction: float, seed: int) -> dict[str, np.ndarray]:
    """Return which of ``count`` localizable images are in each subset; none of two is empty."""
    order = np.random.default_rng(seed).permutation(count)
    first = min(max(1, round(held_out_fraction * count)), count - 1)
    return {HELD_OUT: order[:first], SCORED: order[first:], ALL: order}


def _curve(
    key: tuple[str, str], wrong: dict[str, np.ndarray], subsets: dict[str, np.ndarray]
) -> pd.DataFrame:
    rows = [
        (*key, threshold, subset, metric, error, len(indices))
        for subset, indices in subsets.items()
        for metric, outcomes in wrong.items()
        for threshold, error in zip(THRESHOLDS, 100 * outcomes[indices].mean(axis=0), strict=True)
    ]
    return pd.DataFrame(rows, columns=list(CURVE_COLUMNS))
