"""Measure how class-specific units are: the purity of their top images, and peaks on the object."""

import argparse
from pathlib import Path

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.data.classes import read_class_names
from pipeline_lib.data.manifest import BOX_COLUMNS, read_csv, read_images, write_csv
from pipeline_lib.units.measures import ALL_CLASSES, measure_units
from pipeline_lib.units.units_file import read_units


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--units", type=Path, required=True, help="written by find_units")
    parser.add_argument("--images", type=Path, required=True, help="the manifest")
    parser.add_argument("--boxes", type=Path, required=True, help="the manifest's boxes, if any")
    parser.add_argument(
        "--names", type=Path, nargs="*", default=[], help="CSV of the classes' names"
    )
    parser.add_argument("--out", type=Path, required=True, help="the CSV to write")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Measure and write; log the means over all classes."""
    units = read_units(arguments.units, arguments.images)
    boxes = read_csv(arguments.boxes, BOX_COLUMNS)
    table = measure_units(
        units, read_images(arguments.images), boxes, read_class_names(arguments.names)
    )
    write_csv(arguments.out, table)
    for row in table[table["class"] == ALL_CLASSES].itertuples():
        log.info(
            "%s: %.1f %% (%.1f to %.1f), n = %d, chance %.1f %%",
            *(row.measure, row.value, row.low, row.high, row.n, row.chance),
        )
