"""Draw Figure 11, maps of "text" over word boxes and how much of them is inside: PNG, PDF and JSON."""

import argparse
import sys
from pathlib import Path

from pipeline_lib.common.command import command, log, parser
from pipeline_lib.data.manifest import BOX_COLUMNS, read_csv, read_images
from pipeline_lib.discovery.text import IMAGE_COLUMNS, MEASURE_COLUMNS
from pipeline_lib.localization.predictions import read_predictions
from pipeline_lib.reporting import figure11


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    made = parser(__doc__, "draw_text")
    made.add_argument("--measures", type=Path, required=True, help="written by measure_text")
    made.add_argument("--by-image", type=Path, required=True, help="the same")
    made.add_argument("--predictions", type=Path, required=True, help="the .h5 of the classifier")
    made.add_argument("--images", type=Path, required=True, help="the manifest")
    made.add_argument("--true-boxes", type=Path, required=True, help="its word boxes")
    made.add_argument("--root", type=Path, required=True, help="the folder its paths start from")
    made.add_argument("--out", type=Path, required=True, help="the .png to write")
    return made


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


if __name__ == "__main__":
    sys.exit(main())
