"""Measure how much of the maps of "text" lies in word boxes, beside maps that ignore the image."""

import argparse
from pathlib import Path

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.data.manifest import BOX_COLUMNS, SPLIT_COLUMNS, read_csv, read_images, write_csv
from pipeline_lib.discovery.text import measure_text_maps
from pipeline_lib.localization.predictions import read_predictions
from pipeline_lib.study.configuration.flags import add_settings, read_settings
from pipeline_lib.study.configuration.localization import BoxesSection


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--predictions", type=Path, required=True, help="the .h5 of the classifier")
    parser.add_argument("--images", type=Path, required=True, help="the manifest")
    parser.add_argument("--true-boxes", type=Path, required=True, help="its word boxes")
    parser.add_argument("--splits", type=Path, required=True, help="its splits")
    add_settings(parser, BoxesSection, "threshold", "interpolation")
    parser.add_argument("--out", type=Path, required=True, help="CSV of the measures to write")
    parser.add_argument("--by-image", type=Path, required=True, help="CSV of the images to write")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Read, measure, write."""
    settings = read_settings(arguments, BoxesSection)
    measures, by_image = measure_text_maps(
        read_predictions(arguments.predictions, arguments.images),
        read_images(arguments.images),
        read_csv(arguments.true_boxes, BOX_COLUMNS),
        read_csv(arguments.splits, SPLIT_COLUMNS),
        threshold=settings.threshold,
        interpolation=settings.interpolation,
    )
    write_csv(arguments.by_image, by_image)
    write_csv(arguments.out, measures)
    log.info("%s", measures.round(3).to_string(index=False))
