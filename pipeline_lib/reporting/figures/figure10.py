"""Figure 10: concepts mined from captions, and the maps of their detectors."""

from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd

from pipeline_lib.data.manifest import read_csv
from pipeline_lib.discovery.concept_tables import (
    RANKING_COLUMNS,
    means_of,
    picked_ids,
    read_concepts,
)
from pipeline_lib.localization.heat_maps import TRUE_CLASS
from pipeline_lib.localization.predictions import Predictions
from pipeline_lib.reporting.figures.alt import counted, listed
from pipeline_lib.reporting.figures.pictures import STYLE, explained, judged, photograph, save
from pipeline_lib.reporting.figures.sheet import BLOCK_GAP, GAP, MARGIN, SIZE, Cell, Line, Sheet
from pipeline_lib.reporting.figures.wrapping import line_height
from pipeline_lib.reporting.inputs import Inputs

_NAME = 1.9  # inches: the width of a concept's name and numbers


def plot_from(inputs: Inputs, out: Path) -> None:
    """Plot the figure from the roles concepts, ranking, predictions and images."""
    concepts = read_concepts(inputs.path("concepts"))
    ranking = read_csv(inputs.path("ranking"), RANKING_COLUMNS)
    plot(concepts, ranking, *inputs.predicted_set(), out)


def plot(
    concepts: pd.DataFrame,
    ranking: pd.DataFrame,
    predictions: Predictions,
    images: pd.DataFrame,
    root: Path,
    out: Path,
) -> None:
    """Plot and write the figure: a row per concept: name, numbers, first images.

    ``predictions`` and ``images`` are of the images that ``mine_concepts`` picked; the map is that of
    the row's concept. The JSON has the numbers of all concepts.
    """
    selected = concepts[concepts["shown"]]
    ranking = ranking.assign(picture=picked_ids(ranking))
    place = {name: index for index, name in enumerate(predictions.image_id)}
    ranking = ranking[ranking["picture"].isin(place)]
    columns = int(ranking.groupby("concept").size().max())
    content = []
    with matplotlib.rc_context(STYLE):
        sheet = Sheet()
        for words in _heading(concepts, predictions.name):
            sheet.paragraph(words)
        places = sheet.cells(columns, left=MARGIN + _NAME + BLOCK_GAP)
        for concept in selected.itertuples():
            top, cells = sheet.top, []
            bottom = _name(sheet, concept)
            first = ranking[ranking["concept"] == concept.concept].sort_values("rank")
            for row in first.itertuples():
                index = place[row.picture]
                picture = photograph(root, images, index)
                heat = explained(predictions, index, TRUE_CLASS, picture)
                has = bool(row.has_phrase)
                mark = judged("in a caption" if has else "in no caption", has)
                cells.append(Cell(heat.picture, [f"{row.rank}.  score {row.score:.2f}"], [mark]))
                content.append(
                    {
                        "concept": row.concept,
                        "rank": int(row.rank),
                        "image_id": row.image_id,
                        "score": round(float(row.score), 6),
                        "in_a_caption": has,
                    }
                )
            sheet.top = top
            sheet.row(cells, places)
            sheet.top = max(sheet.top, bottom) + GAP
        sheet.colour_bar()
        facts = {
            "network": predictions.name,
            "concepts": _records(concepts),
            "means": means_of(concepts),
            "images": content,
        }
        save(sheet.finish(), out, facts, _alt(content))


def _heading(concepts: pd.DataFrame, network: str) -> list[str]:
    held_out = int(concepts["n"].iloc[0])
    lines = [
        f"Concepts by the features of {network}: of {held_out:,} held-out images, those that a "
        "concept's detector ranks first, with its map."
    ]
    means = means_of(concepts)
    if means:
        precision, chance = means["precision"], means["chance"]
        lines.append(
            f"Mean of all {precision['n']} concepts: P@10 {precision['value']:.2f} "
            f"[{precision['low']:.2f}, {precision['high']:.2f}], chance {chance['value']:.2f}. "
            "A caption need not mention everything in the image."
        )
    return lines


def _name(sheet: Sheet, concept: tuple) -> float:
    """Write a concept's name and its numbers at the start of its row; return their lower edge."""
    lines = ["no held-out image has it"]
    if concept.n_positive:
        lines = [
            f"P@10 {concept.precision:.2f}  [{concept.low:.2f}, {concept.high:.2f}]",
            f"chance {concept.chance:.2f}  [{concept.chance_low:.2f}, {concept.chance_high:.2f}]",
            f"in captions of {concept.n_positive} of {concept.n}",
        ]
        if concept.max_precision < 1:
            lines.append(f"best possible {concept.max_precision:.2f}")
    top = sheet.top + line_height(SIZE)
    for line in (Line(f"“{concept.concept}”", bold=True, lines=3, size=SIZE + 3), *lines):
        top = sheet.write(line, MARGIN, top, _NAME)
    return top


def _alt(content: list[dict]) -> str:
    concepts: dict[str, list[bool]] = {}
    for image in content:
        concepts.setdefault(image["concept"], []).append(image["in_a_caption"])
    found = listed(f"“{name}” {sum(has)} of {len(has)}" for name, has in concepts.items())
    return (
        f"A row of images for each of {counted(len(concepts), 'concept')}, with the map of its detector "
        f"over them. A caption has the concept's phrase in: {found}."
    )


def _records(concepts: pd.DataFrame) -> list[dict]:
    """Return the table's rows as plain values; what was not measured is null."""
    numbers = concepts.select_dtypes(np.floating).columns
    plain = concepts.astype(dict.fromkeys(numbers, object) | {"concept": object})
    return plain.where(concepts.notna(), None).to_dict("records")
