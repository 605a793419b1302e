"""Draw the mini study's synthetic world and write it in the data sets' official layouts."""

import argparse
import shutil
from pathlib import Path

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.common.errors import InputError
from pipeline_lib.data.synthetic.discovery import WRITERS, write_discovery
from pipeline_lib.data.synthetic.ilsvrc import write_ilsvrc
from pipeline_lib.data.synthetic.transfer import write_transfer


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument(
        "--layout",
        choices=("ilsvrc", "transfer", *WRITERS),
        default="ilsvrc",
        help="ILSVRC2012, the nine sets of Section 4, each in its folder, or one of Section 4.2",
    )
    parser.add_argument("--train-images", type=int, help="of ilsvrc, required")
    parser.add_argument("--val-images", type=int, help="of ilsvrc, required")
    parser.add_argument("--test-images", type=int, help="of ilsvrc; none unless given")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True, help="the folder to make")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Write to a temporary folder, then rename: a killed run leaves no half world."""
    out, drawn = arguments.out, {"seed": arguments.seed, "processes": arguments.processes}
    counts = (arguments.train_images, arguments.val_images, arguments.test_images)
    if arguments.layout == "ilsvrc" and None in counts[:2]:
        raise InputError("--layout ilsvrc: give --train-images and --val-images")
    if arguments.layout != "ilsvrc" and counts != (None, None, None):
        raise InputError(f"--layout {arguments.layout}: sizes are fixed; leave out --*-images")
    temporary = out.with_name(f".{out.name}.part")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        if arguments.layout == "transfer":
            write_transfer(temporary, **drawn)
        elif arguments.layout in WRITERS:
            write_discovery(temporary, arguments.layout, **drawn)
        else:
            train, val, test = counts
            write_ilsvrc(
                temporary, train_images=train, val_images=val, test_images=test or 0, **drawn
            )
        shutil.rmtree(out, ignore_errors=True)
        temporary.rename(out)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    log.info("%s: drawn in the layout of %s", out, arguments.layout)
