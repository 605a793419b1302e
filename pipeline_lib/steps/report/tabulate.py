"""Build a table of the report: CSV, Markdown and HTML, the paper's numbers beside this study's."""

import argparse
from pathlib import Path

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.data.manifest import write_csv
from pipeline_lib.reporting.catalogue import TABLES
from pipeline_lib.reporting.flags import add_inputs, read_inputs
from pipeline_lib.reporting.tables.render import write_table


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--table", choices=tuple(TABLES), required=True)
    parser.add_argument("--study", required=True, help="named in the title")
    add_inputs(parser)
    parser.add_argument("--note", action="append", default=[], help="a sentence; repeatable")
    parser.add_argument(
        "--absent",
        type=_reason,
        metavar="NAME=WHY",
        action="append",
        default=[],
        help="why a row or column has no number; repeatable",
    )
    parser.add_argument(
        "--out", type=Path, required=True, help="the CSV; .md and .html are written beside it"
    )
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Have the table's module read its files and build it; write it in three forms."""
    table = TABLES[arguments.table]
    inputs = read_inputs(arguments, table.name, notes=arguments.note, absent=dict(arguments.absent))
    built = table.load().build(inputs, table.name, arguments.study)
    number = table.name.removeprefix("table")
    prefix = f"Table {number}. " if number.isdigit() else ""
    title = f"{prefix}{table.title} ({arguments.study} study)"
    write_table(arguments.out, title, built.to_read, built.notes)
    write_csv(arguments.out, built.cells)
    computed = built.cells["ours"].notna().sum()
    log.info("%s: %d cells, %d computed", table.name, len(built.cells), computed)


def _reason(text: str) -> tuple[str, str]:
    name, separator, reason = text.partition("=")
    if not separator:
        raise argparse.ArgumentTypeError(f"'{text}' is not NAME=WHY")
    return name, reason
