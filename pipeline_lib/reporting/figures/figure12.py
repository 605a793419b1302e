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
    GREEN,
    RED,
    STYLE,
    explained,
    label_row,
    photograph,
    save,
    show,
)
from pipeline_lib.reporting.inputs import Inputs

COLUMNS = 3  # panels in a row
# By the number of maps in a panel: letters in a line of text, answers with their probabilities.
TEXT_LIMITS = {1: (54, 3), 2: (29, 2)}
LINE = 0.16  # height of a line of text, as a fraction of its axes
FIELDS = (
    *("question_id", "question", "answer", "probability", "top", "answers", "accuracy"),
    *("words_alone", "why", "group"),
)
CAPTION = (
    "Right: at least three of ten people give the answer. The map is the image's share of the answer's "
    "score; the share of the words is the same everywhere."
)


def plot_from(inputs: Inputs, out: Path) -> None:
    """Plot the figure from the roles questions, predictions and images."""
    path = inputs.path("questions")
    questions = read_csv(path, FIELDS).astype({"answer": str})
    predictions, images, root = inputs.predicted_set()
    if questions["question_id"].astype(str).tolist() != predictions.image_id:
        raise InputError(
            f"{path}: lists other questions than {inputs.path('images')}; rerun answer"
        )
    plot(questions, predictions, images, root, out)


def plot(
    questions: pd.DataFrame,
    predictions: Predictions,
    images: pd.DataFrame,
    root: Path,
    out: Path,
) -> None:
    """Plot and write the figure: a row of panels per type of answer, then questions in pairs.

    A pair is about the same image. ``questions`` has the columns FIELDS and a row for each of the
    predictions, in their order; the predictions' true class is the answer.
    """
    groups = {name: list(rows.index) for name, rows in questions.groupby("group", sort=False)}
    types = {name: [[at] for at in places] for name, places in groups.items() if not is_pair(name)}
    pairs = [places for name, places in groups.items() if is_pair(name)]
    lines = types | ({"asked twice": pairs} if pairs else {})
    with matplotlib.rc_context(STYLE):
        figure = plt.figure(figsize=(13, 3.6 * len(lines) + 0.3), layout="constrained")
        rows = figure.subfigures(len(lines), 1, squeeze=False)[:, 0]
        for row, (name, panels) in zip(rows, lines.items(), strict=True):
            slots = row.subfigures(1, len(pairs) if panels is pairs else COLUMNS, squeeze=False)[0]
            for slot, places in zip(slots, panels, strict=False):
                picture = photograph(root, images, places[0])
                maps = [explained(predictions, at, TRUE_CLASS, picture) for at in places]
                first = _panel(slot, picture, maps, questions.loc[places])
                if places is panels[0]:
                    label_row(first, name)
        figure.supxlabel(CAPTION, fontsize=STYLE["font.size"])
        content = [_facts(row) for _, row in questions.iterrows()]
        save(figure, out, {"network": predictions.name, "choice": CHOICE, "questions": content})
        plt.close(figure)


def _panel(
    slot: SubFigure, picture: np.ndarray, maps: list[np.ndarray], rows: pd.DataFrame
) -> matplotlib.axes.Axes:
    """Plot a photograph beside the maps of its answers, questions and answers below.

    Returns the photograph's axes. Each text is below its map; a single one spans the photograph too.
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
        _write(axes, row, *TEXT_LIMITS[len(maps)])
    return pictured[0]


def _write(axes: matplotlib.axes.Axes, row: pd.Series, letters: int, answers: int) -> None:
    """Write the question, the answers, people's answers, and the answer from the words alone."""
    colour = GREEN if row["accuracy"] >= RIGHT else RED if row["accuracy"] == 0 else "black"
    top = ", ".join(f"{name} {value:.2f}" for name, value in json.loads(row["top"])[:answers])
    texts = [
        (row["question"], {"fontweight": "bold"}),
        (top, {"color": colour}),
        (f"people: {_human_answers(row, answers)}", {}),
        (f"accuracy {row['accuracy']:.1f}", {}),
        (f"from the words alone: {row['words_alone']}", {"color": "dimgray"}),
    ]
    line = 0
    for text, style in texts:
        for wrapped in textwrap.wrap(text, letters):
            # In the layout, a long line would shrink the pictures.
            axes.text(0, 1 - LINE * line, wrapped, va="top", in_layout=False, **style)
            line += 1


def _human_answers(row: pd.Series, answers: int) -> str:
    counted = Counter(normalised_answer(answer) for answer in json.loads(row["answers"]))
    return ", ".join(f"{answer} ({count})" for answer, count in counted.most_common(answers))


def _facts(row: pd.Series) -> dict:
    facts = {name: row[name] for name in FIELDS}
    facts |= {"question_id": int(row["question_id"]), "accuracy": float(row["accuracy"])}
    facts |= {"probability": float(row["probability"])}
    return facts | {name: json.loads(row[name]) for name in ("top", "answers")}
