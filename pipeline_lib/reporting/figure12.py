"""Figure 12: questions about images, their answers, and the map of each answer."""

import json
import textwrap
from collections import Counter
from pathlib import Path

import matplotlib
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import SubFigure

from pipeline_lib.evaluation.vqa import normalised
from pipeline_lib.localization.heat import TRUE_CLASS
from pipeline_lib.localization.predictions import Predictions
from pipeline_lib.reporting.pictures import (
    FOUND,
    STYLE,
    TRUTH,
    explained,
    label_row,
    photograph,
    save,
    show,
)

COLUMNS, TOP, WIDEST = 3, 3, 44  # panels in a row, answers in a panel, letters in a line
FIELDS = (
    *("question_id", "question", "answer", "probability", "top", "answers", "accuracy"),
    *("words_alone", "why", "group"),
)
SAYS = (
    "Right: three of ten people say so. The map is the image's part of the answer's score; the words "
    "add the same everywhere."
)


def draw(
    shown: pd.DataFrame,
    predictions: Predictions,
    images: pd.DataFrame,
    root: Path,
    choice: str,
    out: Path,
) -> None:
    """Draw and write the figure: a row of panels for each type of answer, then images asked twice.

    ``shown`` has the columns FIELDS; its rows are those of the predictions, in order, whose true
    class is the answer. ``choice`` says by which rule they were chosen.
    """
    groups = [(name, list(rows.index)) for name, rows in shown.groupby("group", sort=False)]
    pairs = [places for name, places in groups if name.startswith("pair")]
    lines = [(name, places) for name, places in groups if not name.startswith("pair")]
    pictures = [photograph(root, images, index) for index in range(len(shown))]
    heights = [1.0] * len(lines) + [1.1] * bool(pairs)
    with matplotlib.rc_context(STYLE):
        figure = plt.figure(figsize=(13, 3.4 * sum(heights) + 0.3), layout="constrained")
        parts = figure.subfigures(len(heights), 1, squeeze=False, height_ratios=heights)[:, 0]
        for part, (name, places) in zip(parts, lines, strict=False):
            panels = part.subfigures(1, COLUMNS, squeeze=False, wspace=0.02)[0]
            for number, (panel, place) in enumerate(zip(panels, places, strict=False)):
                maps = {place: explained(predictions, place, TRUE_CLASS, pictures[place])}
                _panel(panel, pictures[place], maps, shown, "" if number else name)
        if pairs:
            panels = parts[-1].subfigures(1, len(pairs), squeeze=False, wspace=0.02)[0]
            for number, (panel, places) in enumerate(zip(panels, pairs, strict=True)):
                maps = {p: explained(predictions, p, TRUE_CLASS, pictures[p]) for p in places}
                name = "" if number else "two questions"
                _panel(panel, pictures[places[0]], maps, shown, name)
        figure.supxlabel(SAYS, fontsize=STYLE["font.size"])
        content = [_facts(row) for _, row in shown.iterrows()]
        save(figure, out, {"network": predictions.name, "choice": choice, "questions": content})
        plt.close(figure)


def _panel(panel: SubFigure, picture, maps: dict, shown: pd.DataFrame, name: str) -> None:
    """A photograph beside the maps of its answers, and below each map what was asked and answered."""
    grid = panel.subplots(2, 1 + len(maps), height_ratios=(2, 1), squeeze=False)
    for axes in grid.ravel():
        axes.set_axis_off()
    show(grid[0, 0], picture)
    if name:
        label_row(grid[0, 0], name)
    for column, (place, heat) in enumerate(maps.items(), 1):
        row = shown.loc[place]
        show(grid[0, column], heat, f"map of “{row['answer']}”")
        # One question has the photograph's column for its text too.
        at = grid[1, column if len(maps) > 1 else 0]
        _write(at, row)


def _write(axes: matplotlib.axes.Axes, row: pd.Series) -> None:
    colour = TRUTH if row["accuracy"] >= 0.9 else FOUND if row["accuracy"] == 0 else "black"
    verdict = f"accuracy {row['accuracy']:.1f} ({row['why']}); people say {_given(row)}"
    top = ", ".join(f"{name} {value:.2f}" for name, value in json.loads(row["top"])[:TOP])
    texts = [
        (row["question"], {"fontweight": "bold"}),
        (top, {"color": colour}),
        (verdict, {}),
        (f"from the words alone: {row['words_alone']}", {"color": "dimgray"}),
    ]
    line = 0
    for text, style in texts:
        wrapped = textwrap.wrap(text, WIDEST)
        axes.text(0, 1 - 0.2 * line, "\n".join(wrapped), va="top", **style)
        line += len(wrapped)


def _given(row: pd.Series) -> str:
    counted = Counter(normalised(answer) for answer in json.loads(row["answers"]))
    return ", ".join(f"{answer} ({count})" for answer, count in counted.most_common(TOP))


def _facts(row: pd.Series) -> dict:
    facts = {name: row[name] for name in FIELDS}
    facts |= {"question_id": int(row["question_id"]), "accuracy": float(row["accuracy"])}
    facts |= {"probability": float(row["probability"])}
    return facts | {name: json.loads(row[name]) for name in ("top", "answers")}
