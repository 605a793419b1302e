"""Draw boxes from the maps of a predictions file: no network needed."""

import argparse
import sys
from pathlib import Path

from pipeline_lib.common.command import command, log, parser
from pipeline_lib.data.manifest import read_images, write_csv
from pipeline_lib.data.photographs import root_folder
from pipeline_lib.localization.boxes import THRESHOLD
from pipeline_lib.localization.drawn import RULES, draw_boxes
from pipeline_lib.localization.heat import INTERPOLATIONS
from pipeline_lib.localization.predictions import read_predictions


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    made = parser(__doc__, "localize")
    made.add_argument("--predictions", type=Path, required=True, help="the .h5 of a network")
    made.add_argument("--images", type=Path, required=True, help="the manifest, for the sizes")
    made.add_argument("--rule", choices=RULES, default="paper")
    made.add_argument(
        "--threshold", type=float, default=THRESHOLD, help="paper: as a part of the map's maximum"
    )
    made.add_argument(
        "--interpolation", choices=tuple(INTERPOLATIONS), default="bilinear", help="of single maps"
    )
    made.add_argument("--root", help="graphcut: the folder of the photographs")
    made.add_argument("--out", type=Path, required=True, help="the boxes CSV to write")
    return made


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


if __name__ == "__main__":
    sys.exit(main())
