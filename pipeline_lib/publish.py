"""Put a study's tables and figures on one page."""

import argparse
import sys
from pathlib import Path

from pipeline_lib.common.command import command, log, parser
from pipeline_lib.common.files import write_text
from pipeline_lib.reporting.page import render_page


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    made = parser(__doc__, "publish")
    made.add_argument("--study", required=True)
    made.add_argument("--tables", type=Path, nargs="+", required=True, help="their .html")
    made.add_argument("--figures", type=Path, nargs="+", required=True, help="their .png")
    made.add_argument("--out", type=Path, required=True, help="the .html to write")
    return made


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Render and write."""
    write_text(arguments.out, render_page(arguments.study, arguments.tables, arguments.figures))
    log.info("wrote %s", arguments.out)


if __name__ == "__main__":
    sys.exit(main())
