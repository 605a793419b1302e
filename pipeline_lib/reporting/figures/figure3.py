"""Figure 3: the class activation maps of four classes, a few images each."""

from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd

from pipeline_lib.data.classes import short_name
from pipeline_lib.localization.predictions import Predictions
from pipeline_lib.reporting.figures.alt import brightest_of, counted, listed, span
from pipeline_lib.reporting.figures.pictures import STYLE, explained, photograph, save
from pipeline_lib.reporting.figures.sheet import GAP, SIZE, Cell, Line, Sheet
from pipeline_lib.reporting.inputs import Inputs

CLASSES, IMAGES = 4, 4
BESIDE = 2  # classes beside each other


def choose(predictions: Predictions) -> list[tuple[int, list[int]]]:
    """Return four classes, each with the indices of up to four images.

    The images are classified correctly and sorted by score, highest first. The classes are those with
    the most such images, then with the highest mean score.
    """
    right = np.flatnonzero(predictions.classes[:, 0] == predictions.true_class)
    by_class: dict[int, list[int]] = {}
    for index in sorted(right, key=lambda i: (-predictions.scores[i, 0], i)):
        by_class.setdefault(int(predictions.true_class[index]), []).append(int(index))
    chosen = [(label, indices[:IMAGES]) for label, indices in by_class.items()]
    chosen.sort(key=lambda c: (-len(c[1]), -predictions.scores[c[1], 0].mean(), c[0]))
    return chosen[:CLASSES]


def plot_from(inputs: Inputs, out: Path) -> None:
    """Plot the figure from the roles predictions, images and classes."""
    plot(*inputs.predicted_set(), inputs.names, out)


def plot(
    predictions: Predictions, images: pd.DataFrame, root: Path, names: dict[str, str], out: Path
) -> None:
    """Plot and write the figure: a class to a block of four columns, its images above their maps.

    Where no image is classified correctly, it says so.
    """
    chosen = choose(predictions)
    content, places = [], []
    with matplotlib.rc_context(STYLE):
        sheet = Sheet()
        spots = sheet.cells(BESIDE * IMAGES, IMAGES)
        for start in range(0, len(chosen), BESIDE):
            above: list[Cell] = []
            below: list[Cell] = []
            beside = chosen[start : start + BESIDE]
            width = spots[IMAGES - 1][0] + spots[IMAGES - 1][1] - spots[0][0]
            headings = []
            for block, (label, indices) in enumerate(beside):
                wnid = predictions.label_of(label)
                heading = Line(short_name(names, wnid), bold=True, size=SIZE + 1)
                headings.append(
                    sheet.write(heading, spots[block * IMAGES][0], sheet.top, width, "center")
                )
                for index in indices:
                    picture = photograph(root, images, index)
                    score = float(predictions.scores[index, 0])
                    heat = explained(predictions, index, 1, picture)
                    above.append(Cell(picture))
                    below.append(Cell(heat.picture, below=[f"score {score:.2f}"]))
                    places.append(heat.brightest)
                    content.append(
                        {
                            "class": wnid,
                            "name": names[wnid],
                            "image_id": predictions.image_id[index],
                            "score": round(score, 6),
                        }
                    )
                padding = [Cell(None)] * (IMAGES - len(indices))
                above, below = above + padding, below + padding
            sheet.top = max(headings) + GAP
            sheet.row(above, spots)
            sheet.row(below, spots)
            sheet.top += GAP
        if chosen:
            sheet.colour_bar()
        else:
            sheet.paragraph(f"{predictions.name} classifies no image correctly: nothing to show")
        facts = {"network": predictions.name, "images": content}
        save(sheet.finish(), out, facts, _alt(predictions.name, content, places))


def _alt(network: str, content: list[dict], places: list[str]) -> str:
    if not content:
        return f"No picture: {network} classifies no image correctly."
    scores: dict[str, list[float]] = {}
    for image in content:
        scores.setdefault(image["name"].split(",")[0], []).append(image["score"])
    classes = listed(
        f"{name} ({counted(len(each), 'image')}, score {span(each)})"
        for name, each in scores.items()
    )
    return (
        f"Photographs of {classes}, below each the map of its class by {network}; "
        f"{brightest_of(places)}."
    )
