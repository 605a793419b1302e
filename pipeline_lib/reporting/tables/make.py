"""Making a table's files: CSV, JSON for the page, Markdown and HTML."""

import os
from pathlib import Path

import pandas as pd

from pipeline_lib.common.files import write_json
from pipeline_lib.data.manifest import write_csv
from pipeline_lib.reporting.artefact import Table
from pipeline_lib.reporting.inputs import Inputs
from pipeline_lib.reporting.tables.render import write_table
from pipeline_lib.reporting.tables.table import FILE_COLUMNS, SOURCE_COLUMNS


def make_table(
    table: Table, inputs: Inputs, study: str, out: Path, sources: Path | None = None
) -> pd.DataFrame:
    """Build a table and write the CSV ``out``, with .json, .md and .html beside it; return its cells.

    The CSV ``sources`` says where each number comes from (SOURCE_COLUMNS).

    ``study`` is named in the title. Raises InputError where the inputs do not fit together.
    """
    built = table.load().build(inputs, table.name, study)
    cells, to_read = (_from_folder(out.parent, each) for each in (built.cells, built.to_read))
    number = table.name.removeprefix("table")
    prefix = f"Table {number}. " if number.isdigit() else ""
    write_table(out, f"{prefix}{table.title} ({study} study)", to_read, built.notes, table.printed)
    rows = to_read.astype(object).where(to_read.notna(), None).to_dict("records")
    write_json(out.with_suffix(".json"), {"notes": list(built.notes), "cells": rows})
    write_csv(out, cells.drop(columns=list(SOURCE_COLUMNS)))
    if sources is not None:
        write_csv(sources, cells[["row", "metric", *SOURCE_COLUMNS]])
    return cells


def _from_folder(folder: Path, cells: pd.DataFrame) -> pd.DataFrame:
    """Return the cells with the paths of their files relative to a folder."""
    files = {
        column: [path and os.path.relpath(path, folder) for path in cells[column]]
        for column in FILE_COLUMNS
    }
    return cells.assign(**files)
