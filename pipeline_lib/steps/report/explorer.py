"""Choose the images that readers of the page can explore, and gather their maps and boxes."""

import argparse
import json
from pathlib import Path

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.common.files import write_text
from pipeline_lib.reporting.flags import add_inputs, read_inputs
from pipeline_lib.reporting.page.explorer_data import explorer_data
from pipeline_lib.study.configuration.flags import add_settings, read_settings
from pipeline_lib.study.configuration.report import ReportSection


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    add_inputs(parser)
    add_settings(parser, ReportSection)
    parser.add_argument("--out", type=Path, required=True, help="the .json to write")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Write what the page embeds."""
    settings = read_settings(arguments, ReportSection)
    inputs = read_inputs(arguments, "explorer")
    data = explorer_data(inputs, settings.explorer_images, settings.named_images)
    write_text(arguments.out, json.dumps(data, separators=(",", ":")) + "\n")
    counts = ", ".join(f"{group['title'].lower()} {group['shown']}" for group in data["groups"])
    log.info("wrote %s: %s", arguments.out, counts)
