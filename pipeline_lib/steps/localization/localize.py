"""Draw boxes from the maps of a predictions file: no network needed."""

import argparse
from pathlib import Path

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.data.manifest import read_images, write_csv
from pipeline_lib.data.photographs import root_folder
from pipeline_lib.localization.boxes import THRESHOLD
from pipeline_lib.localization.drawn import RULES, draw_boxes
from pipeline_lib.localization.heat import INTERPOLATIONS
from pipeline_lib.localization.predictions import read_predictions


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--predictions", type=Path, required=True, help="the .h5 of a network")
    parser.add_argument("--images", type=Path, required=True, help="the manifest, for the sizes")
    parser.add_argument("--rule", choices=RULES, default="paper")
    parser.add_argument(
        "--threshold", type=float, default=THRESHOLD, help="paper: as a part of the map's maximum"
    )
    parser.add_argument(
        "--interpolation", choices=tuple(INTERPOLATIONS), default="bilinear", help="of single maps"
    )
    parser.add_argument("--root", help="graphcut: the folder of the photographs")
    parser.add_argument("--out", type=Path, required=True, help="the boxes CSV to write")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Boxes for each of the top classes (rank 1 and up), and for the true class (rank 0)."""
    predictions = read_predictions(arguments.predictions, arguments.images)
    images = read_images(arguments.images)
    frame = draw_boxes(
        predictions,
        images,
        arguments.rule,
        threshold=arguments.threshold,
        interpolation=arguments.interpolation,
        root=None if arguments.root is None else root_folder(arguments.root),
    )
    write_csv(arguments.out, frame, made_from=predictions.fingerprint)
    log.info("%s, rule %s: %d boxes", predictions.name, arguments.rule, len(frame))
