"""Put a study's tables, figures, claims and their provenance on one page."""

import argparse
import json
from pathlib import Path

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.common.files import write_text
from pipeline_lib.reporting.flags import name_and_reason
from pipeline_lib.reporting.page.render import MADE_BY_STEPS, Contents, render_page


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--study", required=True)
    parser.add_argument("--results", type=Path, required=True, help="the study's folder of results")
    parser.add_argument("--warning", default="", help="a sentence above all of it")
    parser.add_argument("--tables", type=Path, nargs="*", default=[], help="their .json")
    parser.add_argument("--figures", type=Path, nargs="*", default=[], help="their .png")
    parser.add_argument("--claims", type=Path, help="written by judge_claims")
    parser.add_argument(
        "--data", type=Path, nargs="*", default=[],
        help=f".json of further sections, named like them: {', '.join(MADE_BY_STEPS) or 'none'}",
    )  # fmt: skip
    parser.add_argument("--config", type=json.loads, default={}, help="the configuration, JSON")
    parser.add_argument("--own", type=json.loads, default={}, help="the study's file, JSON")
    for flag, what in (("left-out", "why a table or figure is not there"), ("make", "its command")):
        parser.add_argument(
            f"--{flag}", type=name_and_reason, metavar="TITLE=TEXT", action="append", default=[],
            help=f"{what}; repeatable",
        )  # fmt: skip
    parser.add_argument("--out", type=Path, required=True, help="the .html to write")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Render and write."""
    page = render_page(
        Contents(
            arguments.study,
            arguments.results,
            arguments.out,
            arguments.tables,
            arguments.figures,
            arguments.claims,
            {path.stem: path for path in arguments.data},
            arguments.config,
            arguments.own,
            dict(arguments.left_out),
            dict(arguments.make),
            arguments.warning,
        )
    )
    write_text(arguments.out, page)
    log.info("wrote %s, %.1f MB", arguments.out, len(page.encode()) / 1e6)
