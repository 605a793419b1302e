"""Draw Figure 13 from what find_units and measure_units wrote: a PNG, a PDF, and a JSON beside them."""

import argparse
from pathlib import Path

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.data.classes import names_in
from pipeline_lib.data.manifest import read_images
from pipeline_lib.data.photographs import root_folder
from pipeline_lib.reporting.figures.figure13 import Shown, draw
from pipeline_lib.units.purity import read_measures
from pipeline_lib.units.record import read_units


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--units", type=Path, required=True, help="written by find_units")
    parser.add_argument("--measures", type=Path, required=True, help="written by measure_units")
    parser.add_argument("--images", type=Path, required=True, help="the manifest")
    parser.add_argument("--root", required=True, help="the folder its paths start from")
    parser.add_argument(
        "--names", type=Path, nargs="*", default=[], help="CSV of the classes' names"
    )
    parser.add_argument("--out", type=Path, required=True, help="the .png to write")
    return parser


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
