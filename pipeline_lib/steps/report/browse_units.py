"""Gather what the page shows of units: their measures, and crops of the images that activate them."""

import argparse
from pathlib import Path

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.common.files import write_json
from pipeline_lib.data.classes import read_class_names
from pipeline_lib.data.manifest import read_images
from pipeline_lib.data.photographs import root_folder
from pipeline_lib.reporting.page.units_data import units_data
from pipeline_lib.units.measures import read_unit_measures
from pipeline_lib.units.units_file import read_units


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--units", type=Path, required=True, help="written by find_units")
    parser.add_argument("--measures", type=Path, required=True, help="written by measure_units")
    parser.add_argument("--images", type=Path, required=True, help="the manifest")
    parser.add_argument(
        "--names", type=Path, nargs="*", default=[], help="CSV of the classes' names"
    )
    parser.add_argument("--root", required=True, help="the folder of the images")
    parser.add_argument("--out", type=Path, required=True, help="the JSON to write, for the page")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Gather and write; log how many classes have crops."""
    data = units_data(
        read_units(arguments.units, arguments.images),
        read_unit_measures(arguments.measures),
        read_images(arguments.images),
        read_class_names(arguments.names),
        root_folder(arguments.root),
        arguments.measures.stem,
    )
    write_json(arguments.out, data)
    crops = sum(len(unit["pictures"]) for entry in data["classes"] for unit in entry["units"])
    log.info("%d classes, %d crops", len(data["classes"]), crops)
