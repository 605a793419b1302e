"""Draw Figure 13, class-specific units and what they look at: PNG, PDF and JSON."""

import argparse
import sys
from pathlib import Path

from pipeline_lib.common.command import command, log, parser
from pipeline_lib.data.manifest import read_images
from pipeline_lib.reporting import figure13
from pipeline_lib.units.measure import IMAGE_COLUMNS, UNIT_COLUMNS, read_units


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    made = parser(__doc__, "draw_units")
    made.add_argument("--units", type=Path, required=True, help="written by find_units")
    made.add_argument("--by-image", type=Path, required=True, help="the same")
    made.add_argument("--masks", type=Path, required=True, help="the same, .h5")
    made.add_argument("--images", type=Path, required=True, help="the manifest")
    made.add_argument("--root", type=Path, required=True, help="the folder its paths start from")
    made.add_argument("--out", type=Path, required=True, help="the .png to write")
    return made


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Read what the figure needs and hand it over."""
    figure13.draw(
        read_units(arguments.units, UNIT_COLUMNS),
        read_units(arguments.by_image, IMAGE_COLUMNS),
        read_images(arguments.images),
        arguments.masks,
        arguments.root,
        arguments.out,
    )
    log.info("wrote %s", arguments.out)


if __name__ == "__main__":
    sys.exit(main())
