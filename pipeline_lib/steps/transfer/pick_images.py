"""Pick the few test images of a transfer set that Figure 8 shows, by the decisions of its SVM."""

import argparse
from pathlib import Path

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.data.manifest import read_csv, read_images, write_csv
from pipeline_lib.evaluation.transfer import DECISION_COLUMNS, most_certain_images


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--decisions", type=Path, required=True, help="decisions, written by fit")
    parser.add_argument("--images", type=Path, required=True, help="manifest of the set")
    parser.add_argument("--classes", type=int, default=3, help="number of classes")
    parser.add_argument("--per-class", type=int, default=2, help="images of each class")
    parser.add_argument("--out", type=Path, required=True, help="manifest to write")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Write the manifest's rows of the picked images."""
    decisions = read_csv(arguments.decisions, DECISION_COLUMNS)
    picked = most_certain_images(decisions, arguments.classes, arguments.per_class)
    images = read_images(arguments.images).set_index("image_id", drop=False)
    write_csv(arguments.out, images.loc[picked])
    log.info("picked %s", ", ".join(picked))
