"""The measures of Figures 9 to 13, each beside its baseline: chance, or a model without the image.

All in percent, with 95 % intervals, as rows of ``TABLE_COLUMNS``.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from pipeline_lib.common.files import read_json
from pipeline_lib.data.classes import read_class_names, short_name
from pipeline_lib.data.manifest import read_csv
from pipeline_lib.discovery.answer_scores import FULL, GAIN, TASKS, WORDS, read_vqa_scores
from pipeline_lib.discovery.concept_tables import means_of, read_concepts
from pipeline_lib.discovery.map_measures import MEASURES
from pipeline_lib.discovery.objects import highest_lift, read_objects
from pipeline_lib.discovery.text import (
    CENTRED,
    CLASS_MAP,
    RATIO,
    TEXT_MEASURE_COLUMNS,
    UNIFORM,
)
from pipeline_lib.reporting.inputs import Inputs
from pipeline_lib.reporting.tables.columns import BASELINE, MEASURED
from pipeline_lib.reporting.tables.describe import describe_unreadable, percent
from pipeline_lib.reporting.tables.table import TABLE_COLUMNS, Built, paper_numbers
from pipeline_lib.units.measures import ALL_CLASSES, read_unit_measures

_NOTES = (
    "In percent. The paper shows pictures, and one number: VQA's.",
    "Baseline: what chance gets, or for answers the same model without the image.",
    "Intervals: 95 %, percentile bootstrap over images (concepts and classes where it is their mean).",
    "Where all outcomes are equal, a bootstrap interval has no width and says little.",
    "Numbers of every concept, object, question and unit are in the folder discovery.",
)


class Percent(NamedTuple):
    """A value in percent and its interval, NaN where it has none."""

    value: float
    low: float = np.nan
    high: float = np.nan


def build(inputs: Inputs, _table: str, _study: str) -> Built:
    """Return the table from the measures that the study has, each in a role of its own."""
    tables = []
    for path in inputs.optional("scenes"):
        svm = inputs.path("scene-svm")
        names = read_class_names(inputs.paths("scene-classes"))
        tables.append(as_table(of_scenes(read_json(svm)), svm))
        tables.append(as_table(of_objects(read_objects(path), names), path))
    for path in inputs.optional("concepts"):
        tables.append(as_table(of_concepts(read_concepts(path)), path, path))
    for path in inputs.optional("concepts-clip"):
        tables.append(as_table(of_concepts(read_concepts(path), " by CLIP"), path, path))
    for role, where in {"text": "", "text-clip": " by CLIP"}.items():
        for path in inputs.optional(role):
            measured = of_text(read_csv(path, TEXT_MEASURE_COLUMNS), where)
            tables.append(as_table(measured, path, path.with_name(f"{role}-images.csv")))
    for path in inputs.optional("vqa"):
        measured = of_answers(read_vqa_scores(path))
        tables.append(as_table(measured, path, path.with_name("vqa-answers.csv")))
    for role, where in {"units": "", "units-places205": ", Places205"}.items():
        for path in inputs.optional(role):
            tables.append(as_table(of_units(read_unit_measures(path), where), path))
    cells = pd.concat([as_table([]), *tables], ignore_index=True)
    left_out = describe_unreadable(inputs.optional("summaries"))
    missing = [f"{name}: {reason}." for name, reason in inputs.absent.items()]
    return Built(cells, cells, [*_NOTES, *inputs.notes, *left_out, *missing])


def as_table(
    lines: Iterable[tuple], scores: Path | None = None, by_image: Path | None = None
) -> pd.DataFrame:
    """Return the lines of the functions below as a table of ``TABLE_COLUMNS``.

    Their last value is the column of the table ``by_image``, "" where it has none.
    """
    table = pd.DataFrame(list(lines), columns=[*TABLE_COLUMNS[:-3], "column"])
    table.insert(len(TABLE_COLUMNS) - 3, "scores", "" if scores is None else str(scores))
    files = [str(by_image) if name and by_image else "" for name in table["column"]]
    table.insert(len(TABLE_COLUMNS) - 2, "by_image", files)
    return table


def of_scenes(svm: Mapping) -> Iterator[tuple]:
    """Yield how well scenes are classified; ``svm`` is written by fit_scenes."""
    accuracy = svm["held_out_accuracy"]
    measured = Percent(accuracy["percent"], accuracy["low"], accuracy["high"])
    chance = Percent(100 / len(svm["categories"]))
    yield from _both(
        "Figure 9: scenes told", measured, chance, accuracy["n"], "chance: one of them"
    )


def of_objects(table: pd.DataFrame, names: Mapping[str, str]) -> Iterator[tuple]:
    """Yield how often each category's object of highest lift is highlighted.

    ``table`` is of ``OBJECT_COLUMNS``.
    """
    for category, ours in table.groupby("category", sort=False):
        for row in highest_lift(ours, 1).itertuples():
            lift = f"lift {row.lift:.1f} ({row.lift_low:.1f} to {row.lift_high:.1f})"
            yield from _both(
                f"Figure 9: {short_name(names, category)}: {row.object} highlighted",
                _percent(row.overlap, row.overlap_low, row.overlap_high),
                _percent(row.chance, row.chance_low, row.chance_high),
                row.n,
                f"{lift}; chance: regions of the same shape elsewhere",
            )


def of_concepts(table: pd.DataFrame, ranked: str = "") -> Iterator[tuple]:
    """Yield the mean precision at 10 of the concepts' rankings, where it could be measured.

    ``ranked`` says by what, if not by mined detectors.
    """
    means = means_of(table)
    if means:
        percents = [
            _percent(*(means[name][key] for key in ("value", "low", "high")))
            for name in ("precision", "chance")
        ]
        note = "mean of the concepts; chance: a random order"
        n, columns = means["precision"]["n"], ("precision", "chance")
        yield from _both(f"Figure 10{ranked}: precision at 10", *percents, n, note, columns=columns)


def of_text(table: pd.DataFrame, where: str = "") -> Iterator[tuple]:
    """Yield how much of the maps of words lies in word boxes, beside a uniform map.

    ``where`` follows each measure's name.
    """
    by_measure = table.set_index(["measure", "map"])
    for name, label in MEASURES.items():
        measured, uniform, centred, ratio = (
            by_measure.loc[name, kind] for kind in (CLASS_MAP, UNIFORM, CENTRED, RATIO)
        )
        note = (
            f"{ratio['value']:.1f} times ({ratio['low']:.1f} to {ratio['high']:.1f}) that of a map "
            f"that is the same everywhere; a centred one: {100 * centred['value']:.1f}"
        )
        if name == "strong mass":
            note += f"; strong: above {percent(measured['threshold'])} of the map's maximum"
        yield from _both(
            f"Figure 11: {label}{where}",
            *(_percent(line["value"], line["low"], line["high"]) for line in (measured, uniform)),
            measured["n"],
            note,
            columns=(name, f"{name}, {UNIFORM}"),
        )


def of_answers(table: pd.DataFrame) -> Iterator[tuple]:
    """Yield the accuracy of answers, beside the same model without the image.

    ``table`` is of ``VQA_SCORE_COLUMNS``. The paper's number is of another set of questions.
    """
    printed = paper_numbers()["vqa"]["rows"]
    by_row = table.set_index(["row", "metric"])
    for task in (task for task in TASKS if (FULL, task) in by_row.index):
        full, words, gain = (by_row.loc[name, task] for name in (FULL, WORDS, GAIN))
        paper = printed.get(FULL, {}).get(task, np.nan)
        note = (
            f"gain {gain['value']:.1f} ({gain['low']:.1f} to {gain['high']:.1f}) over the words alone; "
            f"val, {full['images']:,.0f} images; epoch {full['epoch']:.0f} of {full['epochs']:.0f}, "
            "chosen on held-out training images"
        )
        if not np.isnan(paper):
            note += "; the paper's is of test-standard"
        yield from _both(
            f"Figure 12: {task} accuracy",
            *(Percent(model["value"], model["low"], model["high"]) for model in (full, words)),
            full["n"],
            note,
            paper,
            columns=(f"{FULL}, {task}", f"{WORDS}, {task}"),
        )


def of_units(table: pd.DataFrame, where: str = "") -> Iterator[tuple]:
    """Yield how class-specific units are, the mean over all classes; ``where`` names other images."""
    for row in table[table["class"] == ALL_CLASSES].itertuples():
        measured, chance = Percent(row.value, row.low, row.high), Percent(row.chance)
        limit = (
            ""
            if row.max_possible >= 100
            else f"; at most {row.max_possible:.1f}: some classes have few images"
        )
        note = f"{row.network}'s units, n images in all; chance: any image, any place{limit}"
        yield from _both(f"Figure 13{where}: {row.measure}", measured, chance, row.n, note)


def _percent(*fractions: float) -> Percent:
    return Percent(*(100 * float(fraction) for fraction in fractions))


def _both(
    label: str,
    measured: Percent,
    baseline: Percent,
    n: float,
    note: str,
    paper: float = np.nan,
    *,
    columns: tuple[str, str] = ("", ""),
) -> Iterator[tuple]:
    yield (label, MEASURED, paper, *measured, int(n), note, columns[0])
    yield (label, BASELINE, np.nan, *baseline, int(n), note, columns[1])
