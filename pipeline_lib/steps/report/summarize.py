"""Print on one screen what a study has found: its main numbers, what is missing, where the page is."""

import argparse
from pathlib import Path

from pipeline_lib.common.command import command, step_parser
from pipeline_lib.reporting.summary import summary
from pipeline_lib.scheduling.state import Run
from pipeline_lib.study.study import build_study


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--results", type=Path, required=True, help="a study's folder of results")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Print the summary of the study whose last run left its configuration there."""
    run = Run(arguments.results)
    print(summary(build_study(run.configuration), run.folder))
