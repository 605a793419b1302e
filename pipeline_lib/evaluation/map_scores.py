"""How well the maps of one method localize: the paper's errors beside the newer accuracies.

All of them are of the true class's map alone: a class's box depends on no other class.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from pipeline_lib.common.blocks import block_ranges
from pipeline_lib.common.command import log, progress
from pipeline_lib.common.processes import run_in_processes
from pipeline_lib.data.masks import MaskFiles, read_masks
from pipeline_lib.evaluation import pxap
from pipeline_lib.evaluation.ground_truth import localizable
from pipeline_lib.evaluation.ilsvrc import (
    GT_KNOWN,
    MIN_IOU,
    best_overlaps,
    localization_errors,
    true_rank,
)
from pipeline_lib.evaluation.scores import SCORE_COLUMNS, error_row, score_key
from pipeline_lib.evaluation.sweep import Boxed, sweep
from pipeline_lib.localization.extraction import BoxExtraction
from pipeline_lib.localization.heat_maps import TRUE_CLASS, applied_interpolation, heat_map
from pipeline_lib.localization.predictions import Predictions

METHODS_OF_BOXES = ("paper", "authors")
PX_AP, PEAK_IOU = "PxAP", "peak IoU"
CENTRE = "Gaussian in the centre"  # the row of the baseline
_CENTRE_SIDE = 56  # positions of its map
_BLOCK = 128  # images that a process is given at a time


class MapScores(NamedTuple):
    """The scores, SCORE_COLUMNS, and the table by image (``by_image``) behind them."""

    scores: pd.DataFrame
    images: pd.DataFrame


def map_scores(
    scored: Boxed,
    held_out: Boxed | None = None,
    *,
    threshold: float,
    held_out_fraction: float,
    seed: int,
    interpolation: str,
    processes: int = 1,
    masks: Mapping[str, MaskFiles] | None = None,
) -> MapScores:
    """Return the errors by both box methods, then what ``sweep`` measures, over one set of images.

    Where images have object ``masks``, by their id, PxAP and peak IoU follow.

    The paper's box method takes ``threshold``, a fraction of the map's maximum; the other arguments
    are those of ``sweep``. A map without guesses (the centred Gaussian) has GT-known localization
    alone. If fewer than two images have boxes, there is nothing but PxAP and peak IoU, and the table by
    image is empty.
    """
    swept = sweep(
        scored, held_out,
        held_out_fraction=held_out_fraction, seed=seed, interpolation=interpolation,
        processes=processes,
    )  # fmt: skip
    predictions, images, true_boxes = scored
    of_pixels = pd.DataFrame(
        _pixel_rows(predictions, images, masks or {}, seed, processes), columns=list(SCORE_COLUMNS)
    )
    if swept.scores.empty:
        return MapScores(of_pixels, swept.images)
    keep, boxes_of = localizable(images, true_boxes, predictions.true_class >= 0)
    rank = true_rank(predictions.classes, predictions.true_class)[keep]
    has_guesses = bool((predictions.classes >= 0).any())
    applied = applied_interpolation(predictions, interpolation)
    rows, by_image = [], swept.images
    for box_method in METHODS_OF_BOXES:
        extraction = BoxExtraction(box_method, threshold, interpolation)
        boxes = _boxes(extraction, predictions, images, keep, processes)
        errors = localization_errors(rank, best_overlaps(boxes, boxes_of) >= MIN_IOU)
        key = score_key(
            predictions, box_method, interpolation=applied,
            threshold=threshold if box_method == "paper" else np.nan,
        )  # fmt: skip
        for metric, wrong in errors.items():
            if has_guesses or metric == GT_KNOWN:
                rows.append(error_row(key, metric, wrong))
                by_image[column_of(metric, box_method)] = wrong.astype(int)
    scores = pd.DataFrame(rows, columns=list(SCORE_COLUMNS))
    measured = swept.scores
    if not has_guesses:  # what needs a guess would be wrong for every image
        measured = measured[measured["metric"].str.contains("Acc")]
    tables = [table for table in (scores, measured, of_pixels) if len(table)]
    return MapScores(pd.concat(tables, ignore_index=True), by_image)


def column_of(metric: str, box_method: str) -> str:
    """Return the column of the table by image that an error is the mean of."""
    return f"{metric}, {box_method}" if box_method in METHODS_OF_BOXES[1:] else metric


def centred_gaussian(image_id: list[str], true_class: np.ndarray, images: str) -> Predictions:
    """Return predictions whose maps are one Gaussian in the centre, without any guess.

    The baseline of Choe et al. 2020. Its width does not matter: what lies above a threshold is a disc
    of any size. ``true_class`` is (n,) int, -1 where unknown; ``images`` the manifest's fingerprint.
    """
    steps = np.linspace(-2, 2, _CENTRE_SIDE, dtype=np.float32)
    gaussian = np.exp(-0.5 * (steps[:, None] ** 2 + steps**2))
    count = len(image_id)
    return Predictions(
        image_id=image_id,
        true_class=true_class,
        class_labels=[],
        name=CENTRE,
        method="none",
        crops=0,
        size=gaussian.shape,
        warped=gaussian.shape,
        network="",
        images=images,
        classes=np.full((count, 1), -1, np.int32),
        scores=np.zeros((count, 1), np.float32),
        maps=np.empty((count, 0, 1, *gaussian.shape), np.float32),
        true_map=np.broadcast_to(gaussian, (count, 1, *gaussian.shape)),
    )


def _pixel_rows(
    predictions: Predictions,
    images: pd.DataFrame,
    masks: Mapping[str, MaskFiles],
    seed: int,
    processes: int,
) -> list[tuple]:
    """Return the rows of PxAP and peak IoU; none where no labelled image has a mask."""
    sizes = images[["width", "height"]].to_numpy(int)
    has_mask = images["image_id"].isin(masks).to_numpy() & (predictions.true_class >= 0)
    if not has_mask.any():
        return []
    blocks = block_ranges(len(sizes), _BLOCK)
    tasks = (
        (
            predictions.part(block, guesses=False),
            sizes[block.start : block.stop],
            [masks.get(predictions.image_id[n]) if has_mask[n] else None for n in block],
        )
        for block in blocks
    )
    made = run_in_processes(_histograms_of_block, tasks, min(processes, len(blocks)))
    made = progress(made, "pixels", total=len(blocks))
    measured = pxap.pixel_scores(np.concatenate(list(made)), seed)
    key = score_key(predictions, "", interpolation="bilinear")
    if measured.without_object:
        log.info("%d images have an empty mask: they are not in PxAP", measured.without_object)
    scores = ((PX_AP, measured.px_ap), (PEAK_IOU, measured.peak_iou))
    return [(*key, metric, *values, measured.n) for metric, values in scores if measured.n]


def _histograms_of_block(
    predictions: Predictions, sizes: np.ndarray, masks: list[MaskFiles | None]
) -> np.ndarray:
    """Return the histograms of the images with masks, (m, 2, bins)."""
    square = (pxap.SIDE, pxap.SIDE)
    histograms = []
    for n, files in enumerate(masks):
        if files is not None:
            heat = heat_map(predictions, n, TRUE_CLASS, *square, "bilinear")
            read = read_masks(files, tuple(sizes[n].tolist()), square)
            histograms.append(pxap.histograms(heat, *read))
    return np.array(histograms, np.uint16).reshape(-1, 2, pxap.BINS)


def _boxes(
    extraction: BoxExtraction,
    predictions: Predictions,
    images: pd.DataFrame,
    keep: np.ndarray,
    processes: int,
) -> np.ndarray:
    """Return the true class's box of the images to ``keep``, (m, 4); the authors' loose one."""
    sizes = images[["width", "height"]].to_numpy(int)
    blocks = block_ranges(len(keep), _BLOCK)
    tasks = (
        (extraction, predictions.part(block, guesses=False), *(each[block.start : block.stop]
         for each in (sizes, keep)))
        for block in blocks
    )  # fmt: skip
    made = run_in_processes(_boxes_of_block, tasks, min(processes, len(blocks)))
    made = progress(made, f"boxes, {extraction.box_method}", total=len(blocks))
    return np.concatenate(list(made))


def _boxes_of_block(
    extraction: BoxExtraction, predictions: Predictions, sizes: np.ndarray, keep: np.ndarray
) -> np.ndarray:
    boxes = [
        extraction.boxes_of_map(predictions, n, TRUE_CLASS, tuple(sizes[n].tolist()))[0]
        for n in np.flatnonzero(keep).tolist()
    ]
    return np.array(boxes, float).reshape(-1, 4)
