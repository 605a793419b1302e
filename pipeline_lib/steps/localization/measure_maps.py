"""Measure how well maps localize: the paper's errors, BoxAcc, MaxBoxAccV2; or a centred Gaussian."""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import fingerprint
from pipeline_lib.data.manifest import BOX_COLUMNS, SPLIT_COLUMNS, read_csv, read_images, write_csv
from pipeline_lib.data.masks import read_mask_table
from pipeline_lib.data.photographs import root_folder
from pipeline_lib.evaluation.map_scores import centred_gaussian, map_scores
from pipeline_lib.evaluation.sweep import Boxed
from pipeline_lib.localization.predictions import read_predictions
from pipeline_lib.study.configuration.flags import add_settings, read_settings
from pipeline_lib.study.configuration.localization import BoxesSection

_SETTINGS = ("threshold", "held_out_fraction", "interpolation")


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument(
        "--predictions", type=Path, help="the .h5 of a network; without it, the centred Gaussian"
    )
    parser.add_argument("--images", type=Path, required=True, help="the manifest")
    parser.add_argument("--true-boxes", type=Path, required=True, help="the manifest's boxes")
    parser.add_argument(
        "--splits", type=Path, help="the manifest's splits: score the first one's test images alone"
    )
    parser.add_argument("--masks", type=Path, help="the manifest's masks, for PxAP")
    parser.add_argument("--root", help="the folder that the paths of masks start from")
    parser.add_argument(
        "--held-out",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="images to choose the threshold on, instead of a part of those to score: the manifest, "
        "its boxes, and the predictions if there are any",
    )
    add_settings(parser, BoxesSection, *_SETTINGS)
    parser.add_argument("--seed", type=int, default=0, help="of the split and the interval")
    parser.add_argument("--processes", type=int, default=1, help="processes that share the work")
    parser.add_argument("--out", type=Path, required=True, help="the scores CSV to write")
    parser.add_argument(
        "--outcomes", type=Path, required=True, help="the CSV to write with every image's outcome"
    )
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Measure, write the scores and the outcomes."""
    if (arguments.masks is None) != (arguments.root is None):
        raise InputError("--masks and --root belong together: give both, or none")
    settings = read_settings(arguments, BoxesSection, *_SETTINGS)
    scored = _read(arguments.images, arguments.true_boxes, arguments.predictions)
    if arguments.splits:
        scored = _of_test_images(scored, read_csv(arguments.splits, SPLIT_COLUMNS))
    measured = map_scores(
        scored,
        _read(*arguments.held_out) if arguments.held_out else None,
        threshold=settings.threshold,
        held_out_fraction=settings.held_out_fraction,
        seed=arguments.seed,
        interpolation=settings.interpolation,
        processes=arguments.processes,
        masks=read_mask_table(arguments.masks, root_folder(arguments.root))
        if arguments.masks
        else None,
    )
    write_csv(arguments.out, measured.scores)
    write_csv(arguments.outcomes, measured.images)
    for row in measured.scores.itertuples():
        log.info("%s, %s, %s: %s %.2f %%", *row[1:3], row.method, row.metric, row.error)
    if measured.scores.empty:
        log.info("%s: fewer than two images can be localized", scored.predictions.name)


def _of_test_images(scored: Boxed, splits: pd.DataFrame) -> Boxed:
    """Return the same, with no true class where an image is none of the first split's test images."""
    first = splits[splits["split"] == splits["split"].iloc[0]]
    tested = scored.images["image_id"].isin(first.loc[first["subset"] == "test", "image_id"])
    true_class = np.where(tested, scored.predictions.true_class, -1)
    return scored._replace(predictions=replace(scored.predictions, true_class=true_class))


def _read(images: Path, true_boxes: Path, predictions: Path | None = None) -> Boxed:
    manifest = read_images(images)
    if predictions is not None:
        read = read_predictions(predictions, images)
    else:
        labelled = np.where(manifest["label"] != "", 0, -1)
        read = centred_gaussian(list(manifest["image_id"]), labelled, fingerprint(images))
    return Boxed(read, manifest, read_csv(true_boxes, BOX_COLUMNS))
