"""The cells of two runs' tables side by side: each difference with its interval, and what it says."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from pipeline_lib.evaluation.by_image import Difference
from pipeline_lib.reporting.cells import CellOf, by_image_of, difference_of, unpaired_difference_of
from pipeline_lib.reporting.comparison.run import Run
from pipeline_lib.reporting.tables.columns import higher_is_better

BETTER, WORSE, HIGHER, LOWER = "better", "worse", "higher", "lower"
WITHIN, SAME = "no change beyond the interval", "the same"
ONLY_A, ONLY_B = "only in a", "only in b"
CHANGED = (BETTER, WORSE, HIGHER, LOWER)
BY_CHANCE = 0.05  # of the cells: what lies outside of 95 % intervals


@dataclass(frozen=True)
class Compared:
    """A cell of the tables, in percent; ``difference`` is b minus a, with its 95 % interval.

    ``paired``: over the ``n`` images that both runs have behind the cell. ``why`` says why a number is
    missing, or why it was not paired. What is not there is NaN, 0 or "".
    """

    table: str
    row: str
    metric: str
    state: str
    a: float = math.nan
    b: float = math.nan
    difference: float = math.nan
    low: float = math.nan
    high: float = math.nan
    paired: bool = False
    n: int = 0
    why: str = ""


COMPARISON_COLUMNS = tuple(Compared.__dataclass_fields__)


def compare(a: Run, b: Run) -> list[Compared]:
    """Return all cells that one of the runs has computed: changed ones first, the largest on top.

    Raises InputError where a table by image does not make its cell's number.
    """
    are_other_images = _are_other_images(a, b)
    cells = []
    for table in dict.fromkeys([*a.tables, *b.tables]):
        ones, others = (_computed(run, table) for run in (a, b))
        for key in dict.fromkeys([*ones, *others]):
            if key in ones and key in others:
                pair = (CellOf(a.path(table), ones[key]), CellOf(b.path(table), others[key]))
                cells.append(_compared(table, *pair, are_other_images))
            elif key in ones:
                why = _why_absent(b, table, key)
                cells.append(Compared(table, *key, ONLY_A, a=ones[key]["ours"], why=why))
            else:
                why = _why_absent(a, table, key)
                cells.append(Compared(table, *key, ONLY_B, b=others[key]["ours"], why=why))
    return sorted(cells, key=_importance)


def as_rows(cells: Iterable[Compared]) -> pd.DataFrame:
    """Return cells as rows of COMPARISON_COLUMNS."""
    return pd.DataFrame([asdict(cell) for cell in cells], columns=list(COMPARISON_COLUMNS))


def counts(cells: Sequence[Compared]) -> Counter:
    """Return how many cells have each state."""
    return Counter(cell.state for cell in cells)


def said_of_chance(cells: Sequence[Compared]) -> str:
    """Return two sentences on how many cells would differ by chance; "" where none can differ."""
    tested = sum(cell.state in (*CHANGED, WITHIN) for cell in cells)
    if not tested:
        return ""
    expected = f"{tested * BY_CHANCE:.0f}" if tested * BY_CHANCE >= 1 else "less than one"
    return (
        f"Of {tested} {'cell that is' if tested == 1 else 'cells that are'} not identical, 5 % "
        f"({expected}) would be expected to differ beyond a 95 % interval by chance alone, if nothing "
        "had changed. Cells of the same images change together."
    )


def _are_other_images(a: Run, b: Run) -> bool:
    """Return whether images of the same name are known to be different ones: drawn with other seeds."""
    if not a.configuration or not b.configuration:
        return False
    worlds = [run.configuration.get("world") or {} for run in (a, b)]
    return worlds[0].get("seed") != worlds[1].get("seed")


def _computed(run: Run, table: str) -> dict[tuple[str, str], pd.Series]:
    rows = run.tables.get(table)
    if rows is None:
        return {}
    return {
        (row["row"], row["metric"]): row for _, row in rows.iterrows() if not np.isnan(row["ours"])
    }


def _why_absent(run: Run, table: str, key: tuple[str, str]) -> str:
    """Return why a run has no number in a cell."""
    rows = run.tables.get(table)
    if rows is None:
        return f"{run.name} has no {table}"
    notes = rows[(rows["row"] == key[0]) & (rows["metric"] == key[1])]["note"]
    return (
        f"{run.name} has no such row or column" if notes.empty else notes.iloc[0] or "not computed"
    )


def _compared(table: str, a: CellOf, b: CellOf, are_other_images: bool) -> Compared:
    is_given = not any(np.isnan([a.row["low"], b.row["low"]]))
    difference = unpaired_difference_of(b, a) if are_other_images else difference_of(b, a)
    why = "" if difference.paired else _why_unpaired(a, b, are_other_images)
    if not difference.paired and not is_given:
        why += "; a number without an interval counts as exact"
    return Compared(
        table,
        a.row["row"],
        a.row["metric"],
        _state(higher_is_better(table, a.row["metric"]), a, b, difference),
        float(a.row["ours"]),
        float(b.row["ours"]),
        *difference,
        why,
    )


def _why_unpaired(a: CellOf, b: CellOf, are_other_images: bool) -> str:
    if are_other_images:
        return "not paired: not the same images (world.seed)"
    if by_image_of(a) is None or by_image_of(b) is None:
        return "not paired: no scores by image"
    return "not paired: not the same images"


def _state(is_better: bool | None, a: CellOf, b: CellOf, difference: Difference) -> str:
    columns = ["ours", "low", "high", "n"]
    if difference.paired:
        # An image that differs is in some of the draws, so only no difference at all has no width.
        is_same = difference.value == difference.low == difference.high == 0
    else:
        is_same = a.row[columns].equals(b.row[columns])
    if is_same:
        return SAME
    if difference.low <= 0 <= difference.high:
        return WITHIN
    is_higher = difference.value > 0
    if is_better is None:
        return HIGHER if is_higher else LOWER
    return BETTER if is_higher == is_better else WORSE


def _importance(cell: Compared) -> tuple[int, float]:
    group = (CHANGED, (WITHIN,), (ONLY_A, ONLY_B), (SAME,))
    place = next(place for place, states in enumerate(group) if cell.state in states)
    return place, 0.0 if math.isnan(cell.difference) else -abs(cell.difference)
