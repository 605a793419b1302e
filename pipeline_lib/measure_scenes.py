"""Measure which annotated things the class maps of scenes highlight, category by category."""

import argparse
import sys
from pathlib import Path

import numpy as np

from pipeline_lib.common.command import command, log, parser
from pipeline_lib.common.errors import InputError
from pipeline_lib.data.discovery.scenes import ANNOTATION_COLUMNS
from pipeline_lib.data.manifest import CLASS_COLUMNS, read_csv, read_images, write_csv
from pipeline_lib.discovery.objects import DRAWS, GRID, PART, Rule, sightings, tabulate_objects
from pipeline_lib.localization.boxes import THRESHOLD
from pipeline_lib.localization.heat import INTERPOLATIONS
from pipeline_lib.localization.predictions import read_predictions


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    made = parser(__doc__, "measure_scenes")
    made.add_argument("--predictions", type=Path, required=True, help="the .h5 of an SVM's maps")
    made.add_argument("--images", type=Path, required=True, help="the manifest")
    made.add_argument("--classes", type=Path, required=True, help="the manifest's categories")
    made.add_argument("--annotations", type=Path, required=True, help="the manifest's things")
    made.add_argument(
        "--threshold", type=float, default=THRESHOLD, help="part of a map's maximum: highlighted"
    )
    made.add_argument(
        "--part", type=float, default=PART, help="least part of a thing to overlap; 0: any cell"
    )
    made.add_argument("--interpolation", choices=tuple(INTERPOLATIONS), default="bilinear")
    made.add_argument("--grid", type=int, default=GRID, help="cells to a side of the image")
    made.add_argument("--draws", type=int, default=DRAWS, help="of the bootstrap")
    made.add_argument("--seed", type=int, default=0, help="of the bootstrap")
    made.add_argument("--out", type=Path, required=True, help="CSV to write")
    return made


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


if __name__ == "__main__":
    sys.exit(main())
