"""Measure how much of the maps of "text" lies in word boxes, beside maps that look at no image."""

import argparse
import sys
from pathlib import Path

from pipeline_lib.common.command import command, log, parser
from pipeline_lib.data.manifest import BOX_COLUMNS, SPLIT_COLUMNS, read_csv, read_images, write_csv
from pipeline_lib.discovery.text import measured
from pipeline_lib.localization.heat import INTERPOLATIONS
from pipeline_lib.localization.predictions import read_predictions


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    made = parser(__doc__, "measure_text")
    made.add_argument("--predictions", type=Path, required=True, help="the .h5 of the classifier")
    made.add_argument("--images", type=Path, required=True, help="the manifest")
    made.add_argument("--true-boxes", type=Path, required=True, help="its word boxes")
    made.add_argument("--splits", type=Path, required=True, help="its splits")
    made.add_argument("--threshold", type=float, default=0.2, help="of strong mass, of the maximum")
    made.add_argument("--interpolation", choices=tuple(INTERPOLATIONS), default="bilinear")
    made.add_argument("--out", type=Path, required=True, help="CSV of the measures to write")
    made.add_argument("--by-image", type=Path, required=True, help="CSV of the images to write")
    return made


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Read, measure, write."""
    measures, images = measured(
        read_predictions(arguments.predictions, arguments.images),
        read_images(arguments.images),
        read_csv(arguments.true_boxes, BOX_COLUMNS),
        read_csv(arguments.splits, SPLIT_COLUMNS),
        arguments.threshold,
        arguments.interpolation,
    )
    write_csv(arguments.by_image, images)
    write_csv(arguments.out, measures)
    log.info("%s", measures.round(3).to_string(index=False))


if __name__ == "__main__":
    sys.exit(main())
