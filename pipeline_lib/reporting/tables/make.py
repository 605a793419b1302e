"""Making a table's files: CSV, Markdown and HTML."""

from pathlib import Path

import pandas as pd

from pipeline_lib.data.manifest import write_csv
from pipeline_lib.reporting.artefact import Table
from pipeline_lib.reporting.inputs import Inputs
from pipeline_lib.reporting.tables.render import write_table


def make_table(table: Table, inputs: Inputs, study: str, out: Path) -> pd.DataFrame:
    """Build a table and write the CSV ``out``, with .md and .html beside it; return its cells.

    ``study`` is named in the title. Raises InputError where the inputs do not fit together.
    """
    built = table.load().build(inputs, table.name, study)
    number = table.name.removeprefix("table")
    prefix = f"Table {number}. " if number.isdigit() else ""
    write_table(out, f"{prefix}{table.title} ({study} study)", built.to_read, built.notes)
    write_csv(out, built.cells)
    return built.cells
