"""Pick the few test images of a transfer set that a figure shows, from what its SVM decided."""

import argparse
from pathlib import Path

import pandas as pd

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.data.manifest import read_csv, read_images, write_csv
from pipeline_lib.evaluation.transfer import DECISION_COLUMNS


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--decisions", type=Path, required=True, help="written by fit")
    parser.add_argument("--images", type=Path, required=True, help="the set's manifest")
    parser.add_argument("--classes", type=int, default=3)
    parser.add_argument("--per-class", type=int, default=2)
    parser.add_argument(
        "--out", type=Path, required=True, help="the manifest of the picked to write"
    )
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Write the rows of the picked images."""
    decisions = read_csv(arguments.decisions, DECISION_COLUMNS)
    chosen = pick(decisions, arguments.classes, arguments.per_class)
    images = read_images(arguments.images).set_index("image_id", drop=False)
    write_csv(arguments.out, images.loc[chosen])
    log.info("picked %s", ", ".join(chosen))


def pick(decisions: pd.DataFrame, classes: int, per_class: int) -> list[str]:
    """Return ids of ``per_class`` images of each of ``classes`` classes, the SVM's most certain.

    Images it gets right come before others, by their score; the classes are those whose last picked
    image is most certain.
    """
    ranked = decisions.assign(right=decisions["label"] == decisions["guess"])
    ranked = ranked.sort_values(["right", "score"], ascending=False, kind="stable")
    best = ranked.groupby("label", sort=False).head(per_class)
    full = best.groupby("label")["score"].transform("size") == per_class
    last = best[full].groupby("label", sort=False).tail(1)
    order = last.sort_values(["right", "score"], ascending=False, kind="stable")["label"]
    return [
        name
        for label in order.head(classes)
        for name in best.loc[best["label"] == label, "image_id"]
    ]
