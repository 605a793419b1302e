"""Compare two runs: what changed in their tables, and whether beyond the intervals, paired by image."""

import argparse
from pathlib import Path

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.common.files import read_json, write_text
from pipeline_lib.data.manifest import write_csv
from pipeline_lib.reporting.comparison.compare import as_rows, compare
from pipeline_lib.reporting.comparison.folders import names_of, require_runs
from pipeline_lib.reporting.comparison.page import render_comparison, terminal_lines
from pipeline_lib.reporting.comparison.run import read_run
from pipeline_lib.scheduling.graph_file import GRAPH_FILE


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--a", type=Path, required=True, help="a study's folder of results")
    parser.add_argument("--b", type=Path, required=True, help="another; differences are b minus a")
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for comparison.csv and index.html"
    )
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Write the comparison as CSV and as a page; print the largest changes."""
    folders = (arguments.a, arguments.b)
    require_runs(*folders)
    a, b = (
        read_run(folder, name, _record(folder))
        for folder, name in zip(folders, names_of(*folders), strict=True)
    )
    cells = compare(a, b)
    page = arguments.out / "index.html"
    write_csv(arguments.out / "comparison.csv", as_rows(cells))
    write_text(page, render_comparison(a, b, cells, page))
    print(terminal_lines(a, b, cells))
    log.info("wrote %s", page)


def _record(folder: Path) -> dict:
    """Return what a run wrote as it began, nothing where it is not there."""
    path = folder / GRAPH_FILE
    return read_json(path) if path.exists() else {}
