"""Write the localization submission that ILSVRC's server scores: the test labels are not published."""

import argparse
from pathlib import Path

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import write_text
from pipeline_lib.data.manifest import CLASS_COLUMNS, read_csv
from pipeline_lib.localization.extraction import BOX_TABLE_COLUMNS
from pipeline_lib.localization.heuristics import GUESSES
from pipeline_lib.localization.submission import submission


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--boxes", type=Path, required=True, help="boxes of the test images")
    parser.add_argument("--classes", type=Path, required=True, help="the manifest's, for the ids")
    parser.add_argument(
        "--guesses",
        choices=tuple(GUESSES),
        default="plain",
        help="plain: the boxes of five classes; heuristics: five boxes of three classes",
    )
    parser.add_argument("--out", type=Path, required=True, help="the text file to write")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Check that the boxes can be submitted, write a line per image in the manifest's order."""
    boxes = read_csv(arguments.boxes, BOX_TABLE_COLUMNS)
    classes = read_csv(arguments.classes, CLASS_COLUMNS)
    ids = dict(zip(classes["label"], classes["id"], strict=True))
    unknown = set(boxes["class"]) - set(ids)
    if unknown:
        raise InputError(f"{arguments.classes}: has no id for class {min(unknown)}")
    if not (boxes["rank"] > 0).any():
        raise InputError(
            f"{arguments.boxes}: has no box of a guess; a gradient's cannot be submitted"
        )
    if arguments.guesses == "heuristics" and "tight" not in set(boxes["fit"]):
        raise InputError(
            f"{arguments.boxes}: has no tight boxes; use localize --box-method authors"
        )
    lines = submission(boxes, ids, GUESSES[arguments.guesses])
    write_text(arguments.out, "".join(f"{line}\n" for line in lines))
    log.info("%s: %d images", arguments.out, len(lines))
