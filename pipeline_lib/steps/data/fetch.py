"""Fetch a data set: download, verify and unpack what is missing."""

import argparse

from pipeline_lib.common.command import command, step_parser
from pipeline_lib.data.downloads import data_folder, downloads
from pipeline_lib.data.fetch import fetch


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument(
        "--set", choices=downloads(), required=True, help="its key in data/downloads.yaml"
    )
    parser.add_argument("--data-root", required=True, help="the folder of all data sets")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Fetch the set."""
    fetch(downloads()[arguments.set], data_folder(arguments.data_root))
