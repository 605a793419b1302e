"""Tell why images are wrong: by their class, or by how the box misses the object."""

import argparse
from pathlib import Path

import pandas as pd

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import write_json
from pipeline_lib.data.classes import read_class_names
from pipeline_lib.data.manifest import BOX_COLUMNS, read_csv, read_images, write_csv
from pipeline_lib.data.photographs import root_folder
from pipeline_lib.evaluation.box_errors import diagnose, failure_counts
from pipeline_lib.evaluation.outcomes import OUTCOME_COLUMNS
from pipeline_lib.localization.extraction import BOX_TABLE_COLUMNS
from pipeline_lib.reporting.page.errors_data import errors_data


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--scores", type=Path, required=True, help="written by evaluate")
    parser.add_argument("--outcomes", type=Path, required=True, help="every image's, by evaluate")
    parser.add_argument("--boxes", type=Path, required=True, help="the boxes that were scored")
    parser.add_argument("--images", type=Path, required=True, help="the manifest")
    parser.add_argument("--true-boxes", type=Path, required=True, help="the manifest's boxes")
    parser.add_argument(
        "--names", type=Path, nargs="*", default=[], help="CSV of the classes' names"
    )
    parser.add_argument("--root", required=True, help="the folder of the images")
    parser.add_argument(
        "--by-image", type=Path, required=True, help="the CSV to write, a row an image"
    )
    parser.add_argument("--out", type=Path, required=True, help="the JSON to write, for the page")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Diagnose, write both files, log how many images have each failure."""
    networks = read_csv(arguments.scores, ("row",))["row"].unique()
    if len(networks) != 1:
        raise InputError(f"{arguments.scores}: has scores of {len(networks)} networks, not of one")
    outcomes = read_csv(arguments.outcomes, OUTCOME_COLUMNS)
    outcomes = outcomes.assign(
        **{name: pd.to_numeric(outcomes[name]) for name in ("true_rank", "iou")}
    )
    images = read_images(arguments.images)
    true_boxes = read_csv(arguments.true_boxes, BOX_COLUMNS)
    boxes = read_csv(arguments.boxes, BOX_TABLE_COLUMNS)
    diagnosed = diagnose(outcomes, boxes, images, true_boxes)
    write_csv(arguments.by_image, diagnosed)
    names, root = read_class_names(arguments.names), root_folder(arguments.root)
    write_json(
        arguments.out, errors_data(diagnosed, images, true_boxes, names, root, str(networks[0]))
    )
    counts = ", ".join(f"{count} {name}" for name, count in failure_counts(diagnosed).items())
    log.info("%d images: %s", len(diagnosed), counts)
