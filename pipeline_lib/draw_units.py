"""Draw Figure 13 from what find_units and measure_units wrote: a PNG, a PDF, and a JSON beside them."""

import argparse
import sys
from pathlib import Path

from pipeline_lib.common.command import command, log, parser
from pipeline_lib.data.classes import names_in
from pipeline_lib.data.manifest import read_images
from pipeline_lib.data.photographs import root_folder
from pipeline_lib.reporting.figure13 import Shown, draw
from pipeline_lib.units.purity import read_measures
from pipeline_lib.units.record import read_units


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    made = parser(__doc__, "draw_units")
    made.add_argument("--units", type=Path, required=True, help="written by find_units")
    made.add_argument("--measures", type=Path, required=True, help="written by measure_units")
    made.add_argument("--images", type=Path, required=True, help="the manifest")
    made.add_argument("--root", required=True, help="the folder its paths start from")
    made.add_argument("--names", type=Path, nargs="*", default=[], help="CSV of the classes' names")
    made.add_argument("--out", type=Path, required=True, help="the .png to write")
    return made


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Read, draw, write."""
    shown = Shown(
        read_units(arguments.units, arguments.images),
        read_measures(arguments.measures),
        read_images(arguments.images),
        root_folder(arguments.root),
        names_in(arguments.names),
    )
    draw(shown, arguments.out)
    log.info("wrote %s", arguments.out)


if __name__ == "__main__":
    sys.exit(main())
