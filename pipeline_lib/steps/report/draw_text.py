"""Draw Figure 11, maps of "text" over word boxes and how much of them is inside: PNG, PDF and JSON."""

import argparse
from pathlib import Path

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.data.manifest import BOX_COLUMNS, read_csv, read_images
from pipeline_lib.discovery.text import IMAGE_COLUMNS, MEASURE_COLUMNS
from pipeline_lib.localization.predictions import read_predictions
from pipeline_lib.reporting.figures import figure11


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--measures", type=Path, required=True, help="written by measure_text")
    parser.add_argument("--by-image", type=Path, required=True, help="the same")
    parser.add_argument("--predictions", type=Path, required=True, help="the .h5 of the classifier")
    parser.add_argument("--images", type=Path, required=True, help="the manifest")
    parser.add_argument("--true-boxes", type=Path, required=True, help="its word boxes")
    parser.add_argument("--root", type=Path, required=True, help="the folder its paths start from")
    parser.add_argument("--out", type=Path, required=True, help="the .png to write")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Read what the figure needs and hand it over."""
    figure11.draw(
        read_csv(arguments.measures, MEASURE_COLUMNS),
        read_csv(arguments.by_image, IMAGE_COLUMNS),
        read_predictions(arguments.predictions, arguments.images),
        read_images(arguments.images),
        read_csv(arguments.true_boxes, BOX_COLUMNS),
        arguments.root,
        arguments.out,
    )
    log.info("wrote %s", arguments.out)
