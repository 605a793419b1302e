"""Measure how class-specific units are: purity of their top images, peaks on the named object."""

import argparse
import sys
from pathlib import Path

from pipeline_lib.common.command import command, log, parser
from pipeline_lib.data.classes import names_in
from pipeline_lib.data.manifest import BOX_COLUMNS, read_csv, read_images, write_csv
from pipeline_lib.units.purity import EVERY, measure
from pipeline_lib.units.record import read_units


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    made = parser(__doc__, "measure_units")
    made.add_argument("--units", type=Path, required=True, help="written by find_units")
    made.add_argument("--images", type=Path, required=True, help="the manifest")
    made.add_argument("--boxes", type=Path, required=True, help="the manifest's boxes, if any")
    made.add_argument("--names", type=Path, nargs="*", default=[], help="CSV of the classes' names")
    made.add_argument("--out", type=Path, required=True, help="the CSV to write")
    return made


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Measure and write; log the means over all classes."""
    found = read_units(arguments.units, arguments.images)
    boxes = read_csv(arguments.boxes, BOX_COLUMNS)
    table = measure(found, read_images(arguments.images), boxes, names_in(arguments.names))
    write_csv(arguments.out, table)
    for line in table[table["class"] == EVERY].itertuples():
        log.info(
            "%s: %.1f %% (%.1f to %.1f), n = %d, chance %.1f %%",
            *(line.measure, line.value, line.low, line.high, line.n, line.chance),
        )


if __name__ == "__main__":
    sys.exit(main())
