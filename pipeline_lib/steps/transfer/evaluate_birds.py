"""Measure how often predicted boxes of birds overlap the true one by half, and how often chance does."""

import argparse
from pathlib import Path

from pipeline_lib.common.command import command, step_parser
from pipeline_lib.data.manifest import (
    BOX_COLUMNS,
    SPLIT_COLUMNS,
    read_csv,
    read_file_settings,
    read_images,
    write_csv,
)
from pipeline_lib.evaluation.bird_boxes import check_one_box_each, score_bird_boxes
from pipeline_lib.localization.extraction import BOX_TABLE_COLUMNS


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--images", type=Path, required=True, help="manifest, with sizes")
    parser.add_argument("--true-boxes", type=Path, required=True, help="one box for each image")
    parser.add_argument("--splits", type=Path, required=True, help="splits; test images are scored")
    parser.add_argument(
        "--boxes", type=Path, required=True, help="boxes, written by localize; rank 1 is scored"
    )
    parser.add_argument("--name", required=True, help="name of the boxes' row in the table")
    parser.add_argument("--out", type=Path, required=True, help="CSV to write")
    parser.add_argument("--outcomes", type=Path, help="the CSV to write with every image's outcome")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Score the loose boxes of the top predictions, and the baselines, on the test images."""
    splits = read_csv(arguments.splits, SPLIT_COLUMNS)
    images = read_images(arguments.images)
    images = images[images["image_id"].isin(splits.loc[splits["subset"] == "test", "image_id"])]
    true_boxes = read_csv(arguments.true_boxes, BOX_COLUMNS)
    boxes = read_csv(arguments.boxes, BOX_TABLE_COLUMNS)
    boxes = boxes[(boxes["rank"] == 1) & (boxes["fit"] == "loose")]
    check_one_box_each(true_boxes, images, arguments.true_boxes)
    check_one_box_each(boxes, images, arguments.boxes)
    settings = read_file_settings(arguments.boxes)
    table, by_image = score_bird_boxes(arguments.name, images, boxes, settings, true_boxes)
    write_csv(arguments.out, table)
    if arguments.outcomes is not None:
        write_csv(arguments.outcomes, by_image)
