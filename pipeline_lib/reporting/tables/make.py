"""Making a table's files: CSV, Markdown and HTML."""

import os
from pathlib import Path

import pandas as pd

from pipeline_lib.data.manifest import write_csv
from pipeline_lib.reporting.artefact import Table
from pipeline_lib.reporting.inputs import Inputs
from pipeline_lib.reporting.tables.render import write_table
from pipeline_lib.reporting.tables.table import FILE_COLUMNS


def make_table(table: Table, inputs: Inputs, study: str, out: Path) -> pd.DataFrame:
    """Build a table and write the CSV ``out``, with .md and .html beside it; return its cells.

    ``study`` is named in the title. Raises InputError where the inputs do not fit together.
    """
    built = table.load().build(inputs, table.name, study)
    number = table.name.removeprefix("table")
    prefix = f"Table {number}. " if number.isdigit() else ""
    write_table(out, f"{prefix}{table.title} ({study} study)", built.to_read, built.notes)
    cells = built.cells
    for column in FILE_COLUMNS:
        cells[column] = [path and os.path.relpath(path, out.parent) for path in cells[column]]
    write_csv(out, cells)
    return cells
