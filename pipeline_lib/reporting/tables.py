"""Building a table: the paper's rows, this study's numbers beside them, and what to know about both."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from pipeline_lib.evaluation.scores import GT_KNOWN
from pipeline_lib.networks.card import NetworkCard

COLUMNS = ("row", "metric", "paper", "ours", "low", "high", "n", "note")
CENTRED = "Centred box"


@dataclass(frozen=True)
class Plan:
    """Which scores a table shows, as (its column, the score's metric), and how to read them."""

    scores: tuple[tuple[str, str], ...]
    definitions: tuple[str, ...]
    scores_boxes: bool
    baselines: tuple[str, ...] = ()


PLANS = {
    "table1": Plan(
        scores=(("top-1", "classification top-1"), ("top-5", "classification top-5")),
        definitions=("Error in percent: the true class is not among the first one or five.",),
        scores_boxes=False,
    ),
    "table2": Plan(
        scores=(
            ("top-1", "localization top-1"),
            ("top-5", "localization top-5"),
            (GT_KNOWN, GT_KNOWN),
        ),
        definitions=(
            "Error in percent: none of the first one or five guesses has the right class and a box "
            "that overlaps a true one by at least 0.5 (IoU, inclusive pixels).",
            "GT-known: the box is drawn for the true class; the paper does not report it.",
        ),
        scores_boxes=True,
        baselines=(CENTRED,),
    ),
}


@cache
def paper_numbers() -> dict:
    """Return the paper's tables, from the one file that holds them."""
    return yaml.safe_load(Path(__file__).with_name("paper.yaml").read_text(encoding="utf-8"))


def build_table(
    table: str, scores: pd.DataFrame, cards: Sequence[NetworkCard], notes: dict[str, str]
) -> pd.DataFrame:
    """Return the table as rows of ``COLUMNS``: the paper's rows in its order, then this study's own.

    ``scores`` is all networks' and baselines' scores; ``notes`` are extra remarks by row. A cell that
    the paper or the study does not have is empty (NaN), and its note says why.
    """
    paper, plan = paper_numbers()[table]["rows"], PLANS[table]
    remarks = {card.name: describe(card) for card in cards} | notes
    own = [card.name for card in cards if card.name not in paper]
    rows = []
    for name in [*paper, *own, *plan.baselines]:
        for column, metric in plan.scores:
            found = scores[(scores["row"] == name) & (scores["metric"] == metric)]
            printed = paper.get(name, {}).get(column, np.nan)
            if len(found):
                score = found.iloc[0]
                ours = (score["error"], score["low"], score["high"], score["n"])
                rows.append((name, column, printed, *ours, remarks.get(name, "")))
            else:
                reason = _why_empty(name, name in remarks)
                rows.append((name, column, printed, *[np.nan] * 3, 0, reason))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def describe(card: NetworkCard) -> str:
    """Say in a line what a network is and how it was made, where that differs from the paper."""
    side = f"{card.preprocessing.size[1]}x{card.preprocessing.size[0]} px"
    if card.source != "trained":
        return f"not the paper's: {card.source}'s {card.architecture}, ready-trained, input {side}"
    options = ", ".join(f"{key}={value}" for key, value in card.options.items())
    made = card.training
    start = f"fine-tuned from {made['start']}" if made["start"] else "from scratch"
    return (
        f"{card.architecture}{f' ({options})' if options else ''}, input {side}, {start} on "
        f"{made['images']:,} images, {made['epochs']:g} epochs"
    )


def _why_empty(name: str, in_study: bool) -> str:
    if name == CENTRED:
        return "a fixed box names no class"
    if in_study:
        return "no image of this study can be scored: none has a true box"
    if name.startswith("Backprop"):
        return "not computed: the gradient baseline is not built yet"
    return "not computed: not among this study's networks"
