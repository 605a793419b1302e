"""Draw the mini study's synthetic world and write it in the data sets' official layouts."""

import argparse
import shutil
import sys
from pathlib import Path

from pipeline_lib.common.command import command, log, parser
from pipeline_lib.common.errors import InputError
from pipeline_lib.synthetic.discovery import WRITERS, write_discovery
from pipeline_lib.synthetic.ilsvrc import write_ilsvrc
from pipeline_lib.synthetic.transfer import write_transfer


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    made = parser(__doc__, "synthesize")
    made.add_argument(
        "--layout",
        choices=("ilsvrc", "transfer", *WRITERS),
        default="ilsvrc",
        help="ILSVRC2012, the nine sets of Section 4, each in its folder, or one of Section 4.2",
    )
    made.add_argument("--train-images", type=int, help="of ilsvrc, required")
    made.add_argument("--val-images", type=int, help="of ilsvrc, required")
    made.add_argument("--test-images", type=int, help="of ilsvrc; none unless given")
    made.add_argument("--seed", type=int, default=0)
    made.add_argument("--processes", type=int, default=1)
    made.add_argument("--out", type=Path, required=True, help="the folder to make")
    return made


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


if __name__ == "__main__":
    sys.exit(main())
