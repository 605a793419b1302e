"""Judging claims by a study's tables: differences with intervals, paired by image where possible."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline_lib.evaluation.by_image import Difference
from pipeline_lib.reporting.cells import CellOf, difference_of, read_table
from pipeline_lib.reporting.claims.claim import (
    ANY,
    FAILS,
    HOLDS,
    NOT_COMPUTED,
    UNDECIDED,
    Cell,
    Claim,
    Condition,
    State,
)

CLAIM_COLUMNS = (
    *("claim", "section", "says", "state"),
    *("judged", "first", "second", "inequality", "difference", "low", "high"),
    *("paired", "n", "of", "paper", "in_the_paper", "why"),
)


@dataclass(frozen=True)
class JudgedCondition:
    """A condition's state, with the numbers.

    ``judged`` is the state. ``first`` and ``second`` are the cells, ``inequality`` what their
    ``difference`` has to be; it and its 95 % interval are of this study, in points; ``paper`` is that of
    the paper's numbers, ``in_the_paper`` the state that these alone would have; NaN and "" where a cell
    has none. ``paired``: over ``n`` images. ``of``
    counts the pairs of cells whose mean it is. ``why`` says what is missing.
    """

    judged: State
    first: str
    second: str
    inequality: str
    difference: float = np.nan
    low: float = np.nan
    high: float = np.nan
    paired: bool = False
    n: int = 0
    of: int = 1
    paper: float = np.nan
    in_the_paper: str = ""
    why: str = ""


@dataclass(frozen=True)
class JudgedClaim:
    """A claim's state and those of its conditions."""

    claim: Claim
    state: State
    conditions: tuple[JudgedCondition, ...]


class Tables:
    """A study's tables by name, and what stands behind their cells.

    ``missing`` gives the reason of each table that is not there, by name.
    """

    def __init__(self, paths: Mapping[str, Path], missing: Mapping[str, str] | None = None) -> None:
        self.paths, self.missing = dict(paths), dict(missing or {})
        self.tables = {name: read_table(path) for name, path in self.paths.items()}

    def rows(self, cell: Cell) -> pd.DataFrame:
        """Return the rows of a table's CSV that a cell names, by (row, metric); perhaps none."""
        table = self.tables.get(cell.table)
        if table is None:
            return pd.DataFrame()
        rows = table["row"].map(lambda row: bool(_pattern(cell.row).fullmatch(row)))
        metrics = table["metric"].map(lambda metric: bool(_pattern(cell.metric).fullmatch(metric)))
        return table[rows & metrics]

    def difference(self, name: str, first: pd.Series, second: pd.Series) -> Difference:
        """Return the difference of two rows of a table: paired, where both have tables by image."""
        return difference_of(*(CellOf(self.paths[name], row) for row in (first, second)))


def judge(claim: Claim, tables: Tables) -> JudgedClaim:
    """Return a claim's state: it holds if all of its conditions do."""
    judged = tuple(judge_condition(condition, tables) for condition in claim.conditions)
    states = [condition.judged for condition in judged]
    for decisive in (NOT_COMPUTED, FAILS, UNDECIDED):
        if decisive in states:
            return JudgedClaim(claim, decisive, judged)
    return JudgedClaim(claim, HOLDS, judged)


def judge_condition(condition: Condition, tables: Tables) -> JudgedCondition:
    """Return a condition's state; with ANY in its cells, by the mean of all matching differences."""
    first, second = condition.difference
    described = (str(first), str(second), condition.inequality)
    pairs, why = _pairs(tables, first, second)
    printed = [one["paper"] - other["paper"] for one, other in pairs]
    printed = [value for value in printed if not np.isnan(value)]
    paper = float(np.mean(printed)) if printed else np.nan
    of_paper = {"paper": paper, "in_the_paper": condition.judge(paper, paper) if printed else ""}
    computed = [(one, other) for one, other in pairs if not np.isnan(one["ours"] + other["ours"])]
    if not computed:
        return JudgedCondition(NOT_COMPUTED, *described, **of_paper, why=why)
    differences = [tables.difference(first.table, *pair) for pair in computed]
    mean = mean_difference(differences)
    return JudgedCondition(
        condition.judge(mean.low, mean.high),
        *described,
        mean.value,
        mean.low,
        mean.high,
        mean.paired,
        mean.n,
        len(differences),
        **of_paper,
    )


def mean_difference(differences: Sequence[Difference]) -> Difference:
    """Return the mean of independent differences; the halves of their intervals add in squares."""
    values, lows, highs = (np.array([each[i] for each in differences]) for i in range(3))
    count, value = len(differences), values.mean()
    down, up = (np.sqrt(((values - lows) ** 2).sum()), np.sqrt(((highs - values) ** 2).sum()))
    paired, n = all(each.paired for each in differences), sum(each.n for each in differences)
    return Difference(
        float(value), float(value - down / count), float(value + up / count), paired, n
    )


def as_rows(judged: Sequence[JudgedClaim]) -> pd.DataFrame:
    """Return judged claims as CLAIM_COLUMNS, a row for each condition."""
    rows = []
    for each in judged:
        of_claim = (each.claim.name, each.claim.section, each.claim.says, each.state)
        for condition in each.conditions:
            values = asdict(condition)
            rows.append((*of_claim, *(values[name] for name in CLAIM_COLUMNS[4:])))
    return pd.DataFrame(rows, columns=list(CLAIM_COLUMNS))


def _pairs(
    tables: Tables, first: Cell, second: Cell
) -> tuple[list[tuple[pd.Series, pd.Series]], str]:
    """Return the matching pairs of table rows, and why there is none or none of them is computed."""
    for cell in (first, second):
        if cell.table not in tables.tables:
            return [], tables.missing.get(cell.table) or f"{cell.table} is not there"
    ones, others = tables.rows(first), tables.rows(second)
    for cell, rows in ((first, ones), (second, others)):
        if rows.empty:
            return [], f"{cell.table} has no '{cell.row}', '{cell.metric}'"
    pairs = [
        (one, other)
        for _, one in ones.iterrows()
        for _, other in others.iterrows()
        if _belong_together(first, second, one, other)
    ]
    missing = [row for pair in pairs for row in pair if np.isnan(row["ours"])]
    return pairs, f"{missing[0]['row']}: {missing[0]['note']}" if missing else ""


def _belong_together(first: Cell, second: Cell, one: pd.Series, other: pd.Series) -> bool:
    """Return whether ANY stands for the same text in two rows, where both cells have it."""
    for part in ("row", "metric"):
        texts = [
            _pattern(getattr(cell, part)).fullmatch(row[part]).groups()
            for cell, row in ((first, one), (second, other))
        ]
        if all(texts) and texts[0] != texts[1]:
            return False
    return True


def _pattern(name: str) -> re.Pattern:
    return re.compile("(.*)".join(map(re.escape, name.split(ANY))))
