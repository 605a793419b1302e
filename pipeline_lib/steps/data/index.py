"""Read an image set in its official layout and write its manifest."""

import argparse
from inspect import signature
from pathlib import Path

from pipeline_lib.common.command import command, log, option, step_parser
from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import write_json
from pipeline_lib.data.discovery.readers import READERS as DISCOVERY_READERS
from pipeline_lib.data.ilsvrc import read_test, read_train, read_val
from pipeline_lib.data.manifest import (
    BOX_COLUMNS,
    CLASS_COLUMNS,
    IMAGE_COLUMNS,
    SPLIT_COLUMNS,
    ImageSet,
    write_csv,
    write_rows,
)
from pipeline_lib.data.photographs import SAMPLES, read_photographs, root_folder
from pipeline_lib.data.places205 import PARTS, read_places205
from pipeline_lib.data.transfer.readers import READERS
from pipeline_lib.data.transfer.sets import ask


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument(
        "--layout",
        choices=(
            *("ilsvrc-train", "ilsvrc-val", "ilsvrc-test", "photographs"),
            *(f"places205-{part}" for part in PARTS),
            *READERS,
            *DISCOVERY_READERS,
        ),
        required=True,
    )
    parser.add_argument(
        "--root", required=True, help=f"the set's folder; '{SAMPLES}' is its two photographs"
    )
    parser.add_argument("--expected", type=int, default=50_000, help="labels in the val devkit")
    usual = "(default: the paper's number)"
    parser.add_argument("--train", type=int, help=f"training images per class or attribute {usual}")
    parser.add_argument("--test", type=int, help=f"test images per class or attribute {usual}")
    parser.add_argument("--repeats", type=int, help=f"splits {usual}")
    parser.add_argument("--seed", type=int, default=0, help="of the random splits")
    parser.add_argument(
        "--option",
        type=option,
        action="append",
        default=[],
        help="key=value, an option of the reader of a set of Section 4.2; repeatable",
    )
    parser.add_argument(
        "--note", action="append", default=[], help="a sentence for the summary; repeatable"
    )
    parser.add_argument("--box-note", action="append", default=[], help="the same, on boxes")
    parser.add_argument("--images", type=Path, required=True, help="CSV to write")
    parser.add_argument("--boxes", type=Path, help="CSV to write")
    parser.add_argument("--classes", type=Path, help="CSV to write")
    parser.add_argument("--splits", type=Path, help="CSV to write")
    parser.add_argument("--annotations", type=Path, help="CSV to write")
    parser.add_argument("--summary", type=Path, help="JSON to write")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Read the layout, write the tables that were asked for."""
    root = root_folder(arguments.root)
    if arguments.layout == "ilsvrc-train":
        found = read_train(root)
    elif arguments.layout == "ilsvrc-val":
        found = read_val(root, arguments.expected)
    elif arguments.layout == "ilsvrc-test":
        found = read_test(root)
    elif arguments.layout == "photographs":
        found = read_photographs(root)
    elif arguments.layout.startswith("places205-"):
        found = read_places205(root, arguments.layout.removeprefix("places205-"))
    elif arguments.layout in DISCOVERY_READERS:
        found = _discovered(arguments.layout, root, dict(arguments.option))
    else:
        asked = ask(
            arguments.layout, arguments.train, arguments.test, arguments.repeats, arguments.seed
        )
        found = READERS[arguments.layout](root, asked)
    tables = (
        (arguments.boxes, BOX_COLUMNS, found.boxes),
        (arguments.classes, CLASS_COLUMNS, found.classes),
        (arguments.splits, SPLIT_COLUMNS, found.splits),
        (arguments.images, IMAGE_COLUMNS, found.images),
    )
    for path, columns, rows in tables:
        if path is not None:
            write_rows(path, columns, rows)
    if arguments.annotations is not None:
        write_csv(arguments.annotations, found.annotations)
    if arguments.summary is not None:
        summary = found.summary.as_json()
        for key, given in (("notes", arguments.note), ("box_notes", arguments.box_note)):
            summary[key] = given + summary[key]
        write_json(arguments.summary, summary)
    log.info("%s: %d images", found.summary.data_set, len(found.images))
    for note in found.summary.notes + found.summary.box_notes:
        log.info(note)


def _discovered(layout: str, root: Path, options: dict[str, object]) -> ImageSet:
    """Read a set of Section 4.2; refuse an option that its reader does not have."""
    reader = DISCOVERY_READERS[layout]
    known = list(signature(reader).parameters)[1:]
    foreign = sorted(set(options) - set(known))
    if foreign:
        raise InputError(f"--option {foreign[0]}: {layout} has {', '.join(known) or 'none'}")
    return reader(root, **options)
