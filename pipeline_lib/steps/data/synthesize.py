"""Draw the mini study's synthetic images and write them in the data sets' official layouts."""

import argparse
from pathlib import Path

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.common.errors import InputError
from pipeline_lib.data.synthetic.world import ILSVRC, LAYOUTS, write_world
from pipeline_lib.study.configuration.data import WorldSection
from pipeline_lib.study.configuration.flags import add_settings, read_settings

IMAGE_COUNTS = ("train_images", "val_images", "test_images")


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument(
        "--layout",
        choices=LAYOUTS,
        default=ILSVRC,
        help="ILSVRC2012; the nine sets of Section 4, each in its folder; or a set of Section 4.2",
    )
    # Only ilsvrc takes image counts, and it requires the first two.
    add_settings(parser, WorldSection, *IMAGE_COUNTS, "seed", **dict.fromkeys(IMAGE_COUNTS))
    parser.add_argument("--processes", type=int, default=1, help="processes that draw")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Check the flags, then draw and write."""
    counts = {name: getattr(arguments, name) for name in IMAGE_COUNTS}
    given = [name for name in IMAGE_COUNTS if counts[name] is not None]
    if arguments.layout == ILSVRC:
        if not {"train_images", "val_images"} <= set(given):
            raise InputError(f"--layout {ILSVRC}: give --train-images and --val-images")
        world = read_settings(arguments, WorldSection, *given, "seed")
        counts = {name: getattr(world, name) for name in IMAGE_COUNTS}
    elif given:
        flag = given[0].replace("_", "-")
        raise InputError(f"--layout {arguments.layout}: sizes are fixed; leave out --{flag}")
    else:
        counts = {}
    write_world(
        arguments.out,
        arguments.layout,
        seed=arguments.seed,
        processes=arguments.processes,
        **counts,
    )
    log.info("%s: drawn in the layout of %s", arguments.out, arguments.layout)
