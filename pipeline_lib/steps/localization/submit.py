"""Write the localization submission that ILSVRC's server scores, the test labels being unpublished."""

import argparse
from pathlib import Path

import pandas as pd

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import write_text
from pipeline_lib.data.manifest import CLASS_COLUMNS, read_csv
from pipeline_lib.localization.drawn import COLUMNS

# Which (rank, fit) the five guesses of an image are (protocol, section 1).
GUESSES = {
    "plain": [(rank, "loose") for rank in range(1, 6)],
    "heuristics": [(1, "loose"), (1, "tight"), (2, "loose"), (2, "tight"), (3, "loose")],
}


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--boxes", type=Path, required=True, help="drawn on the test images")
    parser.add_argument("--classes", type=Path, required=True, help="the manifest's, for the ids")
    parser.add_argument("--guesses", choices=tuple(GUESSES), default="plain")
    parser.add_argument("--out", type=Path, required=True, help="the text file to write")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """A line per image in the manifest's order: up to five of `label xmin ymin xmax ymax`."""
    boxes = read_csv(arguments.boxes, COLUMNS)
    classes = read_csv(arguments.classes, CLASS_COLUMNS)
    ids = dict(zip(classes["label"], classes["id"], strict=True))
    unknown = set(boxes["class"]) - set(ids)
    if unknown:
        raise InputError(f"{arguments.classes}: has no id for class {min(unknown)}")
    if not (boxes["rank"] > 0).any():
        raise InputError(
            f"{arguments.boxes}: has no box of a guess; backprop's cannot be submitted"
        )
    if arguments.guesses == "heuristics" and "tight" not in set(boxes["fit"]):
        raise InputError(f"{arguments.boxes}: has no tight boxes; draw them by the authors' rule")
    lines = submission(boxes, ids, GUESSES[arguments.guesses])
    write_text(arguments.out, "".join(f"{line}\n" for line in lines))
    log.info("%s: %d images", arguments.out, len(lines))


def submission(
    boxes: pd.DataFrame, ids: dict[str, int], guesses: list[tuple[int, str]]
) -> list[str]:
    """Return the lines for the (rank, fit) guesses, labels as ids, corners whole and inclusive."""
    place = {guess: n for n, guess in enumerate(guesses)}
    order = [place.get(guess, -1) for guess in zip(boxes["rank"], boxes["fit"], strict=True)]
    lines = []
    for _, rows in boxes.assign(order=order).query("order >= 0").groupby("image_id", sort=False):
        rows = rows.sort_values("order")
        corners = rows[["x0", "y0", "x1", "y1"]].round().astype(int) - [0, 0, 1, 1]
        tuples = zip(rows["class"].map(ids), corners.itertuples(index=False), strict=True)
        lines.append(" ".join(f"{label} {x0} {y0} {x1} {y1}" for label, (x0, y0, x1, y1) in tuples))
    return lines
