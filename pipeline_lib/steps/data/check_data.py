"""Print which data sets are present, what is missing, and where to get it."""

import argparse
from pathlib import Path

from tabulate import tabulate

from pipeline_lib.common.command import command, step_parser
from pipeline_lib.common.errors import InputError
from pipeline_lib.data.downloads import (
    DataSet,
    data_folder,
    downloads,
    fetch_command,
    state,
    total_size,
)

HEADER = ("set", "state", "missing", "download", "where to get it")


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--data-root", required=True, help="the folder of all data sets")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Print the table."""
    root = data_folder(arguments.data_root)
    if not root.is_dir():
        raise InputError(f"{root}: no such folder; set data_root to where the data sets are")
    print(f"Data sets below {root}:\n")
    rows = [table_row(data_set, root) for data_set in downloads().values()]
    print(tabulate(rows, HEADER, maxcolwidths=[None, None, 50, None, 50], disable_numparse=True))
    print(f"\nTo download in all: {total_size()}.")


def table_row(data_set: DataSet, root: Path) -> tuple[str, ...]:
    """Return a data set's row of the table; paths in it are relative to ``root``."""
    current = state(data_set, root)
    missing = ", ".join(current.missing).replace(f"{root}/", "")
    source = data_set.login or fetch_command(data_set.key, root)
    if data_set.licence:
        source += f"; {data_set.licence}"
    return data_set.name, str(current), missing, data_set.size, source
