"""A run as it is compared: its tables, its configuration, its claims."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from pydantic import ValidationError

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.manifest import read_csv
from pipeline_lib.reporting.cells import read_table
from pipeline_lib.reporting.claims.judge import CLAIM_COLUMNS
from pipeline_lib.reporting.comparison.folders import tables_in
from pipeline_lib.study.configuration.root import Configuration
from pipeline_lib.study.configuration.section import AS_IT_IS

CLAIMS_FILE = "claims.csv"


@dataclass(frozen=True)
class Run:
    """A run: its folder, what it is called, its tables by name.

    ``configuration`` is complete, with the defaults of this version where it accepts it; empty where
    the run has left none. ``code`` is the version that ran, "" where it is not recorded. ``claims`` is
    None where none were judged.
    """

    folder: Path
    name: str
    tables: dict[str, pd.DataFrame]
    configuration: dict = field(default_factory=dict)
    code: str = ""
    claims: pd.DataFrame | None = None

    def path(self, table: str) -> Path:
        """Return the CSV of a table."""
        return self.folder / "tables" / f"{table}.csv"


def read_run(folder: Path, name: str, record: Mapping | None = None) -> Run:
    """Read what is compared of a run; ``record`` is the content of its graph.json, if it has one.

    Raises InputError for a spoiled file, by its name.
    """
    tables = {path.stem: _with_each_cell_once(path) for path in tables_in(folder)}
    record, claims = record or {}, folder / CLAIMS_FILE
    judged = read_csv(claims, CLAIM_COLUMNS) if claims.exists() else None
    configuration = _complete(record.get("configuration", {}))
    return Run(folder, name, tables, configuration, record.get("code", ""), judged)


def _with_each_cell_once(path: Path) -> pd.DataFrame:
    table = read_table(path)
    for row in table[table.duplicated(["row", "metric"])].itertuples():
        raise InputError(
            f"{path}: has '{row.row}', '{row.metric}' twice; delete the table and rerun"
        )
    return table


def _complete(recorded: dict) -> dict:
    """Return a configuration with all defaults; as it is recorded if another version wrote it."""
    try:
        configuration = Configuration.model_validate(recorded, context=AS_IT_IS)
    except ValidationError:
        return recorded
    return configuration.model_dump(mode="json", exclude={"run_a", "run_b"})
