"""Figure 12: questions about images, their answers, and the map of each answer."""

import json
import textwrap
from collections import Counter
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import SubFigure

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.discovery.answer_spelling import normalised_answer
from pipeline_lib.data.manifest import read_csv
from pipeline_lib.discovery.question_selection import CHOICE, is_pair
from pipeline_lib.evaluation.vqa import RIGHT
from pipeline_lib.localization.heat_maps import TRUE_CLASS
from pipeline_lib.localization.predictions import Predictions
from pipeline_lib.reporting.figures.pictures import (
    FOUND,
    STYLE,
    TRUTH,
    explained,
    label_row,
    photograph,
    save,
    show,
)
from pipeline_lib.reporting.inputs import Inputs

COLUMNS = 3  # panels in a row
# Below one map, or below each of two: letters in a line, answers with their probabilities.
WRITTEN = {1: (54, 3), 2: (29, 2)}
LINE = 0.16  # of the height of a panel's text
FIELDS = (
    *("question_id", "question", "answer", "probability", "top", "answers", "accuracy"),
    *("words_alone", "why", "group"),
)
SAYS = (
    "Right: three of ten people say so. The map is the image's part of the answer's score; the words "
    "add the same everywhere."
)


def plot_from(inputs: Inputs, out: Path) -> None:
    """Plot the figure from the roles questions, predictions and images."""
    path = inputs.path("questions")
    questions = read_csv(path, FIELDS).astype({"answer": str})
    predictions, images, root = inputs.predicted_set()
    if questions["question_id"].astype(str).tolist() != predictions.image_id:
        raise InputError(f"{path}: lists other questions than {inputs.path('images')}; rerun")
    plot(questions, predictions, images, root, out)


def plot(
    shown: pd.DataFrame,
    predictions: Predictions,
    images: pd.DataFrame,
    root: Path,
    out: Path,
) -> None:
    """Plot and write the figure: a row of panels for each type of answer, then images asked twice.

    ``shown`` has the columns FIELDS; its rows are those of the predictions, in order, whose true
    class is the answer.
    """
    groups = {name: list(rows.index) for name, rows in shown.groupby("group", sort=False)}
    types = {name: [[at] for at in places] for name, places in groups.items() if not is_pair(name)}
    pairs = [places for name, places in groups.items() if is_pair(name)]
    lines = types | ({"asked twice": pairs} if pairs else {})
    with matplotlib.rc_context(STYLE):
        figure = plt.figure(figsize=(13, 3.6 * len(lines) + 0.3), layout="constrained")
        parts = figure.subfigures(len(lines), 1, squeeze=False)[:, 0]
        for part, (name, panels) in zip(parts, lines.items(), strict=True):
            slots = part.subfigures(1, len(pairs) if panels is pairs else COLUMNS, squeeze=False)[0]
            for slot, places in zip(slots, panels, strict=False):
                picture = photograph(root, images, places[0])
                maps = [explained(predictions, at, TRUE_CLASS, picture) for at in places]
                first = _panel(slot, picture, maps, shown.loc[places])
                if places is panels[0]:
                    label_row(first, name)
        figure.supxlabel(SAYS, fontsize=STYLE["font.size"])
        content = [_facts(row) for _, row in shown.iterrows()]
        save(figure, out, {"network": predictions.name, "choice": CHOICE, "questions": content})
        plt.close(figure)


def _panel(
    slot: SubFigure, picture: np.ndarray, maps: list[np.ndarray], rows: pd.DataFrame
) -> matplotlib.axes.Axes:
    """A photograph beside the maps of its answers, and below what was asked and answered.

    Returns the photograph's axes. The text is below its map, a single one below the photograph too.
    """
    upper, lower = slot.subfigures(2, 1, height_ratios=(2, 1.1))
    pictured = upper.subplots(1, 1 + len(maps))
    written = lower.subplots(1, 1 if len(maps) == 1 else 1 + len(maps), squeeze=False)[0]
    show(pictured[0], picture, rows["why"].iloc[0])
    for axes in written:
        axes.set_axis_off()
    for (_, row), axes, heat in zip(rows.iterrows(), pictured[1:], maps, strict=True):
        show(axes, heat, f"map of “{row['answer']}”")
    for (_, row), axes in zip(rows.iterrows(), written[-len(maps) :], strict=True):
        _write(axes, row, *WRITTEN[len(maps)])
    return pictured[0]


def _write(axes: matplotlib.axes.Axes, row: pd.Series, letters: int, answers: int) -> None:
    """The question, the answers, what people say, and what the words alone would have said."""
    colour = TRUTH if row["accuracy"] >= RIGHT else FOUND if row["accuracy"] == 0 else "black"
    top = ", ".join(f"{name} {value:.2f}" for name, value in json.loads(row["top"])[:answers])
    texts = [
        (row["question"], {"fontweight": "bold"}),
        (top, {"color": colour}),
        (f"people: {_given(row, answers)}", {}),
        (f"accuracy {row['accuracy']:.1f}", {}),
        (f"from the words alone: {row['words_alone']}", {"color": "dimgray"}),
    ]
    line = 0
    for text, style in texts:
        for part in textwrap.wrap(text, letters):
            # Layout would make room for a long line by shrinking the pictures.
            axes.text(0, 1 - LINE * line, part, va="top", in_layout=False, **style)
            line += 1


def _given(row: pd.Series, answers: int) -> str:
    counted = Counter(normalised_answer(answer) for answer in json.loads(row["answers"]))
    return ", ".join(f"{answer} ({count})" for answer, count in counted.most_common(answers))


def _facts(row: pd.Series) -> dict:
    facts = {name: row[name] for name in FIELDS}
    facts |= {"question_id": int(row["question_id"]), "accuracy": float(row["accuracy"])}
    facts |= {"probability": float(row["probability"])}
    return facts | {name: json.loads(row[name]) for name in ("top", "answers")}
