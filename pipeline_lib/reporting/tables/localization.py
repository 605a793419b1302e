"""Building a table: the paper's rows, this study's numbers beside them, and what to know about both."""

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import yaml

from pipeline_lib.common.errors import InputError
from pipeline_lib.evaluation.ilsvrc import HEURISTICS
from pipeline_lib.evaluation.scores import CENTRED
from pipeline_lib.networks.card import NetworkCard
from pipeline_lib.reporting.tables.describe import describe, describe_maps
from pipeline_lib.reporting.tables.localization.columns import (
    BACKPROP,
    PLANS,
    WITH_HEURISTICS,
    Column,
    Plan,
)

COLUMNS = ("row", "metric", "paper", "ours", "low", "high", "n", "note")


class Row(NamedTuple):
    """A table's row: its label, whose scores it shows, and which metric where not its columns'."""

    label: str
    scored: str
    metric: str | None = None


@cache
def paper_numbers() -> dict:
    """Return the paper's tables, from the one file that holds them."""
    return yaml.safe_load(Path(__file__).with_name("paper.yaml").read_text(encoding="utf-8"))


def build_table(
    table: str, scores: pd.DataFrame, cards: Sequence[NetworkCard], notes: dict[str, str]
) -> pd.DataFrame:
    """Return the table as rows of ``COLUMNS``: the paper's rows in its order, then this study's own.

    ``scores`` is all networks' and baselines' scores; ``notes`` are extra remarks by row. A cell that
    the paper or the study does not have is empty (NaN), and its note says why. Raises InputError
    where a cell has two scores.
    """
    paper, plan = paper_numbers()[table]["rows"], PLANS[table]
    remarks = _remarks(scores, cards) | notes
    localized = set(scores.loc[~scores["metric"].str.startswith("classification"), "row"])
    lines = []
    for row in _rows(plan, paper, scores, cards):
        for column in plan.columns:
            printed = paper.get(row.label, {}).get(column.label, np.nan)
            score = _score(scores, row, column)
            if score is not None:
                ours = (score["error"], score["low"], score["high"], score["n"])
                lines.append((row.label, column.label, printed, *ours, remarks[row.scored]))
            else:
                if paper.get(row.label, {}).get("quoted"):
                    reason = "quoted from the paper: trained with boxes, not reproduced"
                else:
                    reason = _why_empty(row.scored, row.scored in remarks, row.scored in localized)
                lines.append((row.label, column.label, printed, *[np.nan] * 3, 0, reason))
    return pd.DataFrame(lines, columns=list(COLUMNS))


def _rows(
    plan: Plan, paper: dict, scores: pd.DataFrame, cards: Sequence[NetworkCard]
) -> Iterator[Row]:
    """The paper's rows, then the study's networks and gradient baselines that it lacks, then others."""
    names = [card.name for card in cards]
    if plan.gradients:
        names += scores.loc[scores["method"] == BACKPROP, "row"].unique().tolist()
    own = [name for name in names if name not in paper]
    if plan.heuristics:
        tried = set(scores.loc[scores["rule"] == "authors", "row"])
        own = [label for name in own if name in tried for label in (name + WITH_HEURISTICS, name)]
    for label in [*paper, *own, *plan.baselines]:
        if plan.heuristics and label.endswith(WITH_HEURISTICS):
            yield Row(label, label.removesuffix(WITH_HEURISTICS), HEURISTICS)
        else:
            yield Row(label, plan.reproduced_by.get(label, label))


def _score(scores: pd.DataFrame, row: Row, column: Column) -> pd.Series | None:
    """The score a cell shows: of the row, by the rule that the column takes for the row's method."""
    found = scores[
        (scores["row"] == row.scored)
        & (scores["metric"] == (row.metric or column.metric))
        & (scores["rule"] == scores["method"].map(column.rules))
    ]
    if len(found) > 1:
        raise InputError(
            f"{row.scored}: two scores of {found['metric'].iloc[0]}; give one --scores"
        )
    return found.iloc[0] if len(found) else None


def _remarks(scores: pd.DataFrame, cards: Sequence[NetworkCard]) -> dict[str, str]:
    """What to know about each row of the scores, and about each network."""
    remarks = {card.name: describe(card) for card in cards}
    for name, rows in scores.groupby("row", sort=False):
        maps = describe_maps(rows["method"].iloc[0], rows["crops"].max())
        remarks[name] = "; ".join(filter(None, [remarks.get(name), maps]))
    return remarks


def _why_empty(name: str, in_study: bool, localized: bool) -> str:
    if name == CENTRED[0]:
        return "a fixed box names no class and has no map"
    if in_study and localized:
        return "empty cells: not computed"
    if in_study:
        return "no image of this study can be scored: none has a true box"
    if name.startswith("Backprop"):
        return "not computed: not among this study's gradient baselines"
    return "not computed: not among this study's networks"
