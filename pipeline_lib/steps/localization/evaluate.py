"""Score a network's classes and boxes, or the centred box, against ILSVRC's ground truth."""

import argparse
from pathlib import Path

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.common.errors import InputError
from pipeline_lib.data.manifest import BOX_COLUMNS, read_csv, read_images, write_csv
from pipeline_lib.evaluation.scores import score_centred_box, score_network
from pipeline_lib.localization.drawn import COLUMNS as DRAWN_COLUMNS
from pipeline_lib.localization.predictions import read_predictions


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--images", type=Path, required=True, help="the manifest")
    parser.add_argument("--true-boxes", type=Path, required=True, help="the manifest's boxes")
    scored = parser.add_mutually_exclusive_group(required=True)
    scored.add_argument("--predictions", type=Path, help="the .h5 of a network; needs --boxes")
    scored.add_argument("--centred", type=float, metavar="PART", help="part of each side, 0.8 say")
    parser.add_argument("--boxes", type=Path, help="the boxes drawn from --predictions")
    parser.add_argument("--out", type=Path, required=True, help="the scores CSV to write")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Score one of the two."""
    if arguments.predictions is not None and arguments.boxes is None:
        raise InputError("--predictions needs --boxes, the boxes that localize drew from them")
    images = read_images(arguments.images)
    true_boxes = read_csv(arguments.true_boxes, BOX_COLUMNS)
    if arguments.predictions is None:
        scores = score_centred_box(images, true_boxes, arguments.centred)
    else:
        predictions = read_predictions(arguments.predictions, arguments.images)
        drawn = read_csv(arguments.boxes, DRAWN_COLUMNS, made_from=predictions.fingerprint)
        scores = score_network(predictions, drawn, images, true_boxes)
    write_csv(arguments.out, scores)
    for row in scores.itertuples():
        log.info("%s, rule %s: %s error %.2f %%", row.row, row.rule, row.metric, row.error)
