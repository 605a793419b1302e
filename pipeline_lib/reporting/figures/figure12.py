"""Figure 12: questions about images, their answers, and the map of each answer."""

import json
from collections import Counter
from pathlib import Path

import matplotlib
import pandas as pd

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.discovery.answer_spelling import normalised_answer
from pipeline_lib.data.manifest import read_csv
from pipeline_lib.discovery.question_selection import CHOICE, is_pair
from pipeline_lib.evaluation.vqa import RIGHT
from pipeline_lib.localization.heat_maps import TRUE_CLASS
from pipeline_lib.localization.predictions import Predictions
from pipeline_lib.reporting.figures.alt import counted, listed
from pipeline_lib.reporting.figures.pictures import STYLE, explained, judged, photograph, save
from pipeline_lib.reporting.figures.sheet import BLOCK_GAP, LABELLED, Cell, Line, Sheet
from pipeline_lib.reporting.inputs import Inputs

COLUMNS = 3  # panels in a row
ANSWERS = 3  # of the network and of people; one fewer where there is less room than
_WIDE = 2.5  # inches
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
        sheet = Sheet()
        for name, panels in lines.items():
            _row(sheet, name, panels, questions, predictions, images, root)
        sheet.caption(CAPTION)
        sheet.colour_bar()
        content = [_facts(row) for _, row in questions.iterrows()]
        facts = {"network": predictions.name, "choice": CHOICE, "questions": content}
        save(sheet.finish(), out, facts, _alt(content))


def _row(
    sheet: Sheet,
    name: str,
    panels: list[list[int]],
    questions: pd.DataFrame,
    predictions: Predictions,
    images: pd.DataFrame,
    root: Path,
) -> None:
    """Plot a row of panels: a photograph, a map beside it for each of its questions, texts below.

    Each text is below its map; a single one spans the photograph too.
    """
    across = 1 + len(panels[0])  # pictures in a panel
    places = sheet.cells(across * max(len(panels), COLUMNS if across == 2 else 1), across, LABELLED)
    cells, texts = [], []
    for panel, asked in enumerate(panels):
        picture = photograph(root, images, asked[0])
        cells.append(Cell(picture, [questions.at[asked[0], "why"]]))
        for k, at in enumerate(asked, 1):
            heat = explained(predictions, at, TRUE_CLASS, picture)
            cells.append(Cell(heat.picture, [f"map of “{questions.at[at, 'answer']}”"]))
            left, width = places[panel * across + k]
            if len(asked) == 1:
                start = places[panel * across][0]
                left, width = start, left + width - start
            texts.append((questions.loc[at], left, width))
    sheet.row(cells, places, name)
    sheet.top = max(_write(sheet, row, left, width) for row, left, width in texts) + BLOCK_GAP


def _write(sheet: Sheet, row: pd.Series, left: float, width: float) -> float:
    """Write the question, the answers, people's answers, and the answer from the words alone.

    Returns their lower edge.
    """
    count = ANSWERS if width > _WIDE else ANSWERS - 1
    top = ", ".join(f"{name} {value:.2f}" for name, value in json.loads(row["top"])[:count])
    accuracy = f"accuracy {row['accuracy']:.1f}"
    verdict = Line(f"partly right, {accuracy}", bold=True)
    if row["accuracy"] >= RIGHT or row["accuracy"] == 0:
        right = bool(row["accuracy"])
        verdict = judged(f"{'right' if right else 'wrong'}, {accuracy}", right)
    bottom = sheet.top
    for line in (
        Line(row["question"], bold=True, lines=3),
        verdict,
        f"answers: {top}",
        f"people: {_human_answers(row, count)}",
        Line(f"from the words alone: {row['words_alone']}", colour="dimgray"),
    ):
        bottom = sheet.write(line, left, bottom, width)
    return bottom


def _human_answers(row: pd.Series, answers: int) -> str:
    counted = Counter(normalised_answer(answer) for answer in json.loads(row["answers"]))
    return ", ".join(f"{answer} ({count})" for answer, count in counted.most_common(answers))


def _facts(row: pd.Series) -> dict:
    facts = {name: row[name] for name in FIELDS}
    facts |= {"question_id": int(row["question_id"]), "accuracy": float(row["accuracy"])}
    facts |= {"probability": float(row["probability"])}
    return facts | {name: json.loads(row[name]) for name in ("top", "answers")}


def _alt(content: list[dict]) -> str:
    right = sum(each["accuracy"] >= RIGHT for each in content)
    asked = listed((f"“{each['question']}” {each['answer']}" for each in content), most=4)
    return (
        f"{counted(len(content), 'question')} about photographs, each with the map of its answer, "
        f"{right} of them answered right: {asked}."
    )
