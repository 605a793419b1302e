"""Score a network's classes and boxes, or the centred box, against ILSVRC's ground truth."""

import argparse
from pathlib import Path

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.common.errors import InputError
from pipeline_lib.data.manifest import (
    BOX_COLUMNS,
    read_csv,
    read_file_settings,
    read_images,
    write_csv,
)
from pipeline_lib.evaluation.outcomes import centred_outcomes, network_outcomes, with_errors
from pipeline_lib.evaluation.scores import centred_scores, network_scores
from pipeline_lib.localization.extraction import BOX_TABLE_COLUMNS
from pipeline_lib.localization.predictions import read_predictions
from pipeline_lib.study.configuration.flags import add_settings, read_settings
from pipeline_lib.study.configuration.localization import BoxesSection


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--images", type=Path, required=True, help="the manifest")
    parser.add_argument("--true-boxes", type=Path, required=True, help="the manifest's boxes")
    scored = parser.add_mutually_exclusive_group(required=True)
    scored.add_argument("--predictions", type=Path, help="the .h5 of a network; needs --boxes")
    add_settings(scored, BoxesSection, "centred_fraction", centred_fraction=None)
    parser.add_argument("--boxes", type=Path, help="the boxes extracted from --predictions")
    parser.add_argument("--out", type=Path, required=True, help="the scores CSV to write")
    parser.add_argument("--outcomes", type=Path, help="the CSV to write with every image's outcome")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Score either the network or the centred box."""
    if arguments.predictions is not None and arguments.boxes is None:
        raise InputError("--predictions needs --boxes, the boxes that localize extracted from them")
    images = read_images(arguments.images)
    true_boxes = read_csv(arguments.true_boxes, BOX_COLUMNS)
    if arguments.predictions is None:
        fraction = read_settings(arguments, BoxesSection).centred_fraction
        outcomes = centred_outcomes(images, true_boxes, fraction)
        scores = centred_scores(outcomes, fraction)
    else:
        predictions = read_predictions(arguments.predictions, arguments.images)
        boxes = read_csv(arguments.boxes, BOX_TABLE_COLUMNS, made_from=predictions.fingerprint)
        outcomes = network_outcomes(predictions, boxes, images, true_boxes)
        scores = network_scores(outcomes, predictions, read_file_settings(arguments.boxes))
    write_csv(arguments.out, scores)
    if arguments.outcomes is not None:
        write_csv(arguments.outcomes, with_errors(outcomes))
    for row in scores.itertuples():
        of = f"{row.row}, box method {row.box_method}"
        log.info("%s: %s error %.2f %%", of, row.metric, row.error)
