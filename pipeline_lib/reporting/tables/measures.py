"""What Figures 9 to 13 show, as numbers: each measure beside what chance, or half a model, gets.

All in percent, with 95 % intervals, as rows of ``tables.COLUMNS``.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from pipeline_lib.data.classes import short_name
from pipeline_lib.discovery.answer_scores import FULL, GAIN, TASKS, WORDS
from pipeline_lib.discovery.concepts import means_of
from pipeline_lib.discovery.evidence import MEASURES
from pipeline_lib.discovery.objects import lifted
from pipeline_lib.discovery.text import CENTRED, CLASS_MAP, RATIO, UNIFORM
from pipeline_lib.reporting.tables.localization import COLUMNS
from pipeline_lib.units.purity import EVERY

MEASURED, BASELINE = "measured", "baseline"


class Part(NamedTuple):
    """A value in percent and its interval, NaN where it has none."""

    value: float
    low: float = np.nan
    high: float = np.nan


def as_table(lines: Iterator[tuple]) -> pd.DataFrame:
    """Return the lines that the functions below yield as a table of ``COLUMNS``."""
    return pd.DataFrame(lines, columns=list(COLUMNS))


def of_scenes(
    table: pd.DataFrame, svm: Mapping, names: Mapping[str, str], often: float
) -> Iterator[tuple]:
    """How well scenes are told, and how often what leads each one's list by lift is highlighted.

    ``table`` is of ``objects.COLUMNS``, ``svm`` written by fit_scenes; ``often`` as Figure 9 has it.
    """
    told = svm["held_out_accuracy"]
    measured = Part(told["percent"], told["low"], told["high"])
    chance = Part(100 / len(svm["categories"]))
    yield from _both("Figure 9: scenes told", measured, chance, told["n"], "chance: one of them")
    for category, ours in table.groupby("category", sort=False):
        for row in lifted(ours, 1, often).itertuples():
            lift = f"lift {row.lift:.1f} ({row.lift_low:.1f} to {row.lift_high:.1f})"
            yield from _both(
                f"Figure 9: {short_name(names, category)}: {row.object} highlighted",
                _percent(row.overlap, row.overlap_low, row.overlap_high),
                _percent(row.chance, row.chance_low, row.chance_high),
                row.n,
                f"{lift}; chance: regions of the same shape elsewhere",
            )


def of_concepts(table: pd.DataFrame) -> Iterator[tuple]:
    """The precision at 10 of the concepts' rankings, the mean of those that could be measured."""
    means = means_of(table)
    if means:
        parts = [
            _percent(*(means[name][key] for key in ("value", "low", "high")))
            for name in ("precision", "chance")
        ]
        note = "mean of the concepts; chance: a random order"
        yield from _both("Figure 10: precision at 10", *parts, means["precision"]["n"], note)


def of_text(table: pd.DataFrame) -> Iterator[tuple]:
    """How much of the maps of words lies in word boxes, beside a map that is the same everywhere."""
    by_measure = table.set_index(["measure", "map"])
    for name, called in MEASURES.items():
        measured, uniform, centred, ratio = (
            by_measure.loc[name, of] for of in (CLASS_MAP, UNIFORM, CENTRED, RATIO)
        )
        yield from _both(
            f"Figure 11: {called}",
            *(_percent(one["value"], one["low"], one["high"]) for one in (measured, uniform)),
            measured["n"],
            f"{ratio['value']:.1f} times ({ratio['low']:.1f} to {ratio['high']:.1f}) that of a map "
            f"that is the same everywhere; a centred one: {100 * centred['value']:.1f}",
        )


def of_answers(table: pd.DataFrame) -> Iterator[tuple]:
    """The accuracy of answers, beside the same model's that sees the question alone."""
    numbers = ["paper", "ours", "low", "high", "n"]
    table = table.assign(**table[numbers].apply(pd.to_numeric))  # most of the paper's are empty
    by_row = table.set_index(["row", "metric"])
    for task in (task for task in TASKS if (FULL, task) in by_row.index):
        full, words, gain = (by_row.loc[name, task] for name in (FULL, WORDS, GAIN))
        note = f"gain {gain['ours']:.1f} ({gain['low']:.1f} to {gain['high']:.1f}) over the words alone"
        yield from _both(
            f"Figure 12: {task} accuracy",
            *(Part(one["ours"], one["low"], one["high"]) for one in (full, words)),
            full["n"],
            f"{note}; {full['note']}",
            full["paper"],
        )


def of_units(table: pd.DataFrame, where: str = "") -> Iterator[tuple]:
    """How class-specific units are, the mean over all classes. ``where`` names another image set."""
    for row in table[table["class"] == EVERY].itertuples():
        measured, chance = Part(row.value, row.low, row.high), Part(row.chance)
        limit = "" if row.most >= 100 else f"; at most {row.most:.1f}: some classes have few images"
        note = f"{row.network}'s units, n images in all; chance: any image, any place{limit}"
        yield from _both(f"Figure 13{where}: {row.measure}", measured, chance, row.n, note)


def _percent(*parts: float) -> Part:
    return Part(*(100 * float(part) for part in parts))


def _both(
    label: str, measured: Part, baseline: Part, n: float, note: str, paper: float = np.nan
) -> Iterator[tuple]:
    yield (label, MEASURED, paper, *measured, int(n), note)
    yield (label, BASELINE, np.nan, *baseline, int(n), note)
