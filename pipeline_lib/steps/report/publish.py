"""Put a study's tables and figures on one page."""

import argparse
from pathlib import Path

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.common.files import write_text
from pipeline_lib.reporting.flags import name_and_reason
from pipeline_lib.reporting.page import render_page


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--study", required=True)
    parser.add_argument("--warning", default="", help="a sentence above all of it")
    parser.add_argument("--tables", type=Path, nargs="+", required=True, help="their .html")
    parser.add_argument("--figures", type=Path, nargs="+", required=True, help="their .png")
    parser.add_argument(
        "--left-out",
        type=name_and_reason,
        metavar="TITLE=WHY",
        action="append",
        default=[],
        help="why a table or figure is not there; repeatable",
    )
    parser.add_argument("--out", type=Path, required=True, help="the .html to write")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Render and write."""
    page = render_page(
        arguments.study,
        arguments.tables,
        arguments.figures,
        dict(arguments.left_out),
        warning=arguments.warning,
    )
    write_text(arguments.out, page)
    log.info("wrote %s", arguments.out)
