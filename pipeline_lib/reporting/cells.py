"""Cells of a study's tables, and the difference of two of them, paired by image where possible."""

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.manifest import read_csv
from pipeline_lib.evaluation.by_image import (
    Difference,
    mean_percent,
    paired_difference,
    read_by_image,
    unpaired_difference,
)
from pipeline_lib.evaluation.transfer import Outcomes
from pipeline_lib.reporting.tables.table import SOURCE_COLUMNS

_ROUNDING = 0.006  # in percent: the means of concepts are rounded to two digits


class CellOf(NamedTuple):
    """A row of a table's CSV, as ``read_table`` reads it, and the path of the CSV."""

    table: Path
    row: pd.Series


def read_table(path: Path) -> pd.DataFrame:
    """Read a table of the report; what is not given is NaN, or "" for text.

    Where its numbers come from, SOURCE_COLUMNS, is in the folder ``sources`` beside its own. Raises
    InputError like ``read_csv``.
    """
    table = read_csv(path, ("row", "metric", "paper", "ours", "low", "high", "n"))
    sources = path.parent.parent / "sources" / path.name
    if sources.exists():
        table = table.merge(read_csv(sources, SOURCE_COLUMNS), on=["row", "metric"], how="left")
    for column in ("paper", "ours", "low", "high", "n"):
        table[column] = pd.to_numeric(table[column], errors="coerce")
    for column in ("note", *SOURCE_COLUMNS):
        table[column] = table.get(column, "")
    return table


def difference_of(first: CellOf, second: CellOf) -> Difference:
    """Return the first number minus the second: paired, where both have tables by image.

    Raises InputError where a table by image does not make its cell's number.
    """
    values = [by_image_of(cell) for cell in (first, second)]
    paired = paired_difference(*values) if all(values) else None
    return unpaired_difference_of(first, second) if paired is None else paired


def unpaired_difference_of(first: CellOf, second: CellOf) -> Difference:
    """Return the first number minus the second, as of independent samples."""
    return unpaired_difference(
        *(tuple(cell.row[["ours", "low", "high"]]) for cell in (first, second))
    )


def by_image_of(cell: CellOf) -> list[Outcomes] | None:
    """Return what stands behind a cell, image by image, None if it has no such table.

    Raises InputError where it does not make the cell's number.
    """
    row = cell.row
    path, column = cell.table.parent / row["by_image"], row["column"]
    values = _values(path, column) if row["by_image"] else None
    if values is not None and abs(mean_percent(values) - row["ours"]) > _ROUNDING:
        raise InputError(
            f"{path}: '{column}' has a mean of "
            f"{mean_percent(values):.4f}, {row['row']} of {cell.table.stem} says {row['ours']:.4f}; "
            "delete the table and rerun"
        )
    return values


@lru_cache(maxsize=64)
def _values(path: Path, column: str) -> list[Outcomes] | None:
    """Return the outcomes of a table by image, None where the file is not there."""
    return read_by_image(path, column) if path.exists() else None
