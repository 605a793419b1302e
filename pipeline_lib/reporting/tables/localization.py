"""Tables 1 to 3: this study's numbers beside the paper's."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import read_json
from pipeline_lib.evaluation.ilsvrc import HEURISTICS_TOP_5
from pipeline_lib.evaluation.scores import CENTRED, read_scores
from pipeline_lib.localization.predictions import PIXEL_METHODS, network_of
from pipeline_lib.networks.card import NetworkCard, read_card
from pipeline_lib.reporting.inputs import Inputs
from pipeline_lib.reporting.tables.columns import LAYOUTS, WITH_HEURISTICS, Column, Layout
from pipeline_lib.reporting.tables.describe import (
    describe,
    describe_box_methods,
    describe_chance,
    describe_maps,
    describe_sizes,
    describe_thresholds,
    describe_unreadable,
)
from pipeline_lib.reporting.tables.table import (
    NO_SOURCES,
    TABLE_COLUMNS,
    Built,
    paper_numbers,
    reason_of,
    sources_of,
)


class Row(NamedTuple):
    """A table's row: its label, the row of the scores it shows, and its metric if not the columns'."""

    label: str
    scored: str
    metric: str | None = None


def build(inputs: Inputs, table: str, study: str) -> Built:
    """Return a table from the roles scores, cards, summary and training-summary, with notes."""
    files = [read_scores(path).assign(file=str(path)) for path in inputs.paths("scores")]
    scores = pd.concat(files, ignore_index=True)
    cards = [read_card(path) for path in inputs.paths("cards")]
    cells = build_cells(table, scores, cards, inputs.absent)
    paper, layout = paper_numbers()[table], LAYOUTS[table]
    summary = read_json(inputs.path("summary"))
    notes = [
        *layout.definitions,
        f"Paper: as printed, on {paper['images']}. "
        f"Ours: study {study}, {summary['data_set']}, {summary['found']:,} images.",
        *inputs.notes,
        *summary["notes"],
        *describe_unreadable(inputs.optional("training-summary")),
    ]
    if layout.scores_boxes:
        notes += summary["box_notes"]
        notes += describe_box_methods(layout.box_methods, scores)
    else:
        notes += describe_sizes(cards)
    if layout.gradients and (sentence := describe_thresholds(scores)):
        notes.append(sentence)
    notes += ["Intervals: 95 %, percentile bootstrap over the images.", *paper["footnotes"]]
    return Built(cells, cells, notes)


def build_cells(
    table: str,
    scores: pd.DataFrame,
    cards: Sequence[NetworkCard],
    absent: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Return the table as rows of ``TABLE_COLUMNS``: the paper's rows, then the study's own.

    ``scores`` are those of all networks and baselines, with the ``file`` of each if they are from
    files; ``absent`` gives the reason where those of a network are missing, by its label. A cell that
    the paper or the study does not have is empty (NaN), and its note says why. Raises InputError where
    a cell has two scores.
    """
    paper, layout = paper_numbers()[table]["rows"], LAYOUTS[table]
    remarks = _remarks(scores, cards)
    localized = set(scores.loc[~scores["metric"].str.startswith("classification"), "row"])
    lines = []
    for row in _rows(layout, paper, scores, cards):
        for column in layout.columns:
            printed = paper.get(row.label, {}).get(column.label, np.nan)
            score = _score(scores, row, column)
            if score is not None:
                ours = (score["error"], score["low"], score["high"], score["n"])
                sources = sources_of(score.get("file"), score["metric"])
                lines.append(
                    (row.label, column.label, printed, *ours, remarks[row.scored], *sources)
                )
            else:
                if paper.get(row.label, {}).get("quoted"):
                    reason = "quoted from the paper: trained with boxes, not reproduced"
                else:
                    network = network_of(row.scored)
                    reason = reason_of(network, absent or {}) or _why_empty(
                        row.scored, row.scored in remarks, row.scored in localized
                    )
                lines.append(
                    (row.label, column.label, printed, *[np.nan] * 3, 0, reason, *NO_SOURCES)
                )
    return pd.DataFrame(lines, columns=list(TABLE_COLUMNS))


def _rows(
    layout: Layout, paper: dict, scores: pd.DataFrame, cards: Sequence[NetworkCard]
) -> Iterator[Row]:
    """Yield the paper's rows, then the study's other networks and gradient baselines, then the rest."""
    names = [card.name for card in cards]
    if layout.gradients:
        names += scores.loc[scores["method"].isin(PIXEL_METHODS), "row"].unique().tolist()
    own = [name for name in names if name not in paper]
    if layout.heuristics:
        evaluated = set(scores.loc[scores["box_method"] == "authors", "row"])
        own = [
            label for name in own if name in evaluated for label in (name + WITH_HEURISTICS, name)
        ]
    for label in [*paper, *own, *layout.baselines]:
        if layout.heuristics and label.endswith(WITH_HEURISTICS):
            yield Row(label, label.removesuffix(WITH_HEURISTICS), HEURISTICS_TOP_5)
        else:
            yield Row(label, layout.reproduced_by.get(label, label))


def _score(scores: pd.DataFrame, row: Row, column: Column) -> pd.Series | None:
    """Return the score of a cell: of the column's box method for the kind of the row's maps."""
    matches = scores[
        (scores["row"] == row.scored)
        & (scores["metric"] == (row.metric or column.metric))
        & (scores["box_method"] == scores["method"].map(column.box_methods))
        & (scores["crops"] == (column.crops or scores["crops"]))
    ]
    if len(matches) > 1:
        raise InputError(
            f"{row.scored}: two scores of {matches['metric'].iloc[0]}; give one --input scores of it"
        )
    return matches.iloc[0] if len(matches) else None


def _remarks(scores: pd.DataFrame, cards: Sequence[NetworkCard]) -> dict[str, str]:
    """Return the remarks on each network and each row of the scores."""
    remarks = {
        card.name: "; ".join(filter(None, [describe(card), describe_chance(card, scores)]))
        for card in cards
    }
    for name, rows in scores.groupby("row", sort=False):
        if name == CENTRED.row:
            fraction = rows["centred_fraction"].iloc[0]
            remarks[name] = (
                f"{fraction:.0%} of each side, in the middle: a baseline without a network"
            )
            continue
        maps = describe_maps(rows["method"].iloc[0], rows["crops"].max())
        remarks[name] = "; ".join(filter(None, [remarks.get(name), maps]))
    return remarks


def _why_empty(name: str, in_study: bool, localized: bool) -> str:
    if name == CENTRED.row:
        return "a fixed box names no class and has no map"
    if in_study and localized:
        return "empty cells: not computed"
    if in_study:
        return "no image of this study can be scored: none has a true box"
    if name.startswith("Backprop"):
        return "not computed: not among this study's gradient baselines"
    return "not computed: not among this study's networks"
