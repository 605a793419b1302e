"""Plot a figure of the report: PNG, PDF, and a JSON of what it shows."""

import argparse
from pathlib import Path

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.reporting.catalogue import FIGURES
from pipeline_lib.reporting.flags import add_inputs, read_inputs


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--figure", choices=tuple(FIGURES), required=True)
    add_inputs(parser)
    parser.add_argument("--out", type=Path, required=True, help="the .png to write")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Have the figure's module read its files, plot it and write it."""
    figure = FIGURES[arguments.figure]
    figure.load().plot_from(read_inputs(arguments, figure.name), arguments.out)
    log.info("wrote %s", arguments.out)
