"""How often a drawn box overlaps an image's true one by half, and how often chance does."""

import argparse
from pathlib import Path

import pandas as pd

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.common.errors import InputError
from pipeline_lib.data.manifest import BOX_COLUMNS, SPLIT_COLUMNS, read_csv, read_images, write_csv
from pipeline_lib.evaluation.chance import chance_rates
from pipeline_lib.evaluation.ground_truth import CORNERS
from pipeline_lib.evaluation.ilsvrc import box_is_right
from pipeline_lib.evaluation.transfer import LOCATED_COLUMNS, Outcomes, summarise
from pipeline_lib.localization.drawn import COLUMNS as DRAWN_COLUMNS


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--images", type=Path, required=True, help="the manifest, with sizes")
    parser.add_argument("--true-boxes", type=Path, required=True, help="its boxes, one an image")
    parser.add_argument("--splits", type=Path, required=True, help="test images are scored")
    parser.add_argument(
        "--boxes", type=Path, required=True, help="drawn by localize; rank 1 counts"
    )
    parser.add_argument("--name", required=True, help="of the row that the drawn boxes make")
    parser.add_argument("--out", type=Path, required=True, help="the CSV to write")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Score the boxes of the first guesses, then the baselines, on the test images."""
    splits = read_csv(arguments.splits, SPLIT_COLUMNS)
    tested = splits.loc[splits["part"] == "test", "image_id"]
    images = read_images(arguments.images)
    images = images[images["image_id"].isin(tested)]
    true_boxes = read_csv(arguments.true_boxes, BOX_COLUMNS)
    drawn = read_csv(arguments.boxes, DRAWN_COLUMNS)
    drawn = drawn[(drawn["rank"] == 1) & (drawn["fit"] == "loose")]
    for path, boxes in ((arguments.true_boxes, true_boxes), (arguments.boxes, drawn)):
        found = boxes.loc[boxes["image_id"].isin(images["image_id"]), "image_id"]
        if sorted(found) != sorted(images["image_id"]):
            raise InputError(f"{path}: has not one box for each test image; delete it and rerun")
    guessed, true = (
        boxes.set_index("image_id").loc[images["image_id"], CORNERS].to_numpy(float)
        for boxes in (drawn, true_boxes)
    )
    rates = {arguments.name: box_is_right(guessed, list(true[:, None])).astype(float)}
    rates |= chance_rates(images, true_boxes)
    names = images["image_id"].to_numpy()
    rows = []
    for name, rate in rates.items():
        value, low, high, _, n = summarise([Outcomes(names, rate)])
        rows.append((name, value, low, high, n))
        log.info("%s: %.1f %% right", name, value)
    write_csv(arguments.out, pd.DataFrame(rows, columns=list(LOCATED_COLUMNS)))
