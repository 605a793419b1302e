"""Build a table of the report: CSV, Markdown and HTML, the paper's numbers beside this study's."""

import argparse
from pathlib import Path

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.reporting.catalogue import TABLES
from pipeline_lib.reporting.flags import add_inputs, name_and_reason, read_inputs
from pipeline_lib.reporting.tables.make import make_table


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--table", choices=tuple(TABLES), required=True)
    parser.add_argument("--study", required=True, help="named in the title")
    add_inputs(parser)
    parser.add_argument("--note", action="append", default=[], help="a sentence; repeatable")
    parser.add_argument(
        "--absent",
        type=name_and_reason,
        metavar="NAME=WHY",
        action="append",
        default=[],
        help="why a row or column has no number; repeatable",
    )
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        help="the CSV; .json, .md and .html are written beside it",
    )
    parser.add_argument(
        "--sources", type=Path, help="the CSV to write with where each number comes from"
    )
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Have the table's module read its files and build it; write it in three forms."""
    table = TABLES[arguments.table]
    inputs = read_inputs(arguments, table.name, notes=arguments.note, absent=dict(arguments.absent))
    cells = make_table(table, inputs, arguments.study, arguments.out, arguments.sources)
    log.info("%s: %d cells, %d computed", table.name, len(cells), cells["ours"].notna().sum())
