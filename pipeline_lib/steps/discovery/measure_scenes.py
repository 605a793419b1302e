"""Measure which annotated things the class maps of scenes highlight, category by category."""

import argparse
from pathlib import Path

import numpy as np

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.common.errors import InputError
from pipeline_lib.data.discovery.scenes import ANNOTATION_COLUMNS
from pipeline_lib.data.manifest import CLASS_COLUMNS, read_csv, read_images, write_csv
from pipeline_lib.discovery.objects import DRAWS, GRID, PART, Rule, sightings, tabulate_objects
from pipeline_lib.localization.boxes import THRESHOLD
from pipeline_lib.localization.heat import INTERPOLATIONS
from pipeline_lib.localization.predictions import read_predictions


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--predictions", type=Path, required=True, help="the .h5 of an SVM's maps")
    parser.add_argument("--images", type=Path, required=True, help="the manifest")
    parser.add_argument("--classes", type=Path, required=True, help="the manifest's categories")
    parser.add_argument("--annotations", type=Path, required=True, help="the manifest's things")
    parser.add_argument(
        "--threshold", type=float, default=THRESHOLD, help="part of a map's maximum: highlighted"
    )
    parser.add_argument(
        "--part", type=float, default=PART, help="least part of a thing to overlap; 0: any cell"
    )
    parser.add_argument("--interpolation", choices=tuple(INTERPOLATIONS), default="bilinear")
    parser.add_argument("--grid", type=int, default=GRID, help="cells to a side of the image")
    parser.add_argument("--draws", type=int, default=DRAWS, help="of the bootstrap")
    parser.add_argument("--seed", type=int, default=0, help="of the bootstrap")
    parser.add_argument("--out", type=Path, required=True, help="CSV to write")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Measure image by image, then put the categories together."""
    if arguments.grid < 1 or arguments.draws < 1:
        raise InputError("--grid and --draws: give numbers from 1 on")
    predictions = read_predictions(arguments.predictions, arguments.images)
    images = read_images(arguments.images)
    if images[["width", "height"]].isna().any(axis=None):
        raise InputError(f"{arguments.images}: lacks sizes; index it again")
    guesses = np.array([predictions.labels_of(image)[0] for image in range(len(images))])
    categories = read_csv(arguments.classes, CLASS_COLUMNS)["label"]
    seen = sightings(
        predictions,
        read_csv(arguments.annotations, ANNOTATION_COLUMNS),
        images[["width", "height"]].to_numpy(),
        Rule(arguments.threshold, arguments.part, arguments.interpolation, arguments.grid),
    )
    images_of = {category: np.flatnonzero(guesses == category) for category in categories}
    table = tabulate_objects(seen, images_of, draws=arguments.draws, seed=arguments.seed)
    write_csv(arguments.out, table)
    log.info("%d images, %d kinds of thing", len(images), table["object"].nunique())
