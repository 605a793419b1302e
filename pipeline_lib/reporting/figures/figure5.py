"""Figure 5: the same images through several networks and the gradient baselines."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd

from pipeline_lib.data.classes import short_name
from pipeline_lib.localization.heat_maps import TRUE_CLASS
from pipeline_lib.localization.predictions import PIXEL_METHODS, Predictions
from pipeline_lib.reporting.figures.alt import brightest_of, counted, listed, span
from pipeline_lib.reporting.figures.pictures import STYLE, explained, photograph, save, true_scores
from pipeline_lib.reporting.figures.sheet import BLOCK_GAP, GAP, WIDTH, Cell, Line, Sheet
from pipeline_lib.reporting.inputs import Inputs

ROWS = 4
MOST = 7  # maps in a line
_CELL, _NARROWEST = 2, 4.5  # inches: a cell's width at most, the figure's at least


def choose(columns: Sequence[Predictions]) -> list[int]:
    """Return the indices of the images to show, one per class.

    Labelled images are sorted by the number of networks that classify them correctly, then by the mean
    score of the true class. Gradient baselines do not count: their scores are those of their networks.
    """
    networks = [each for each in columns if each.method not in PIXEL_METHODS] or list(columns)
    truth = networks[0].true_class
    right = np.sum([network.classes[:, 0] == truth for network in networks], axis=0)
    certain = np.mean([true_scores(network) for network in networks], axis=0)
    names = networks[0].image_id
    chosen: dict[int, int] = {}
    for index in sorted(
        np.flatnonzero(truth >= 0), key=lambda i: (-right[i], -certain[i], names[i])
    ):
        chosen.setdefault(int(truth[index]), int(index))
    return list(chosen.values())[:ROWS]


def plot_from(inputs: Inputs, out: Path) -> None:
    """Plot the figure from the roles predictions (a column each), images and classes."""
    columns, images, root = inputs.shared_images()
    plot(columns, images, root, inputs.names, out)


def plot(
    columns: Sequence[Predictions],
    images: pd.DataFrame,
    root: Path,
    names: dict[str, str],
    out: Path,
) -> None:
    """Plot and write the figure: a row per image, the image first, then the true class's maps.

    Over each map are its network and the score that this gives the true class. ``columns`` are
    predictions of the same images; where no image has a label, the figure says so.
    """
    chosen = choose(columns)
    content, places = [], []
    lines = -(-len(columns) // MOST)
    beside = -(-len(columns) // lines)  # the maps of an image, spread evenly over its lines
    with matplotlib.rc_context(STYLE):
        sheet = Sheet(min(WIDTH, max(_CELL * (1 + beside), _NARROWEST)))
        spots = sheet.cells(1 + beside)
        for index in chosen:
            picture = photograph(root, images, index)
            label = columns[0].label_of(int(columns[0].true_class[index]))
            cells, scores = [], {}
            for column in columns:
                score = scores[column.name] = round(float(true_scores(column)[index]), 6)
                text = f"score {score:.2f}" if score else "not in its top 5"
                heat = explained(column, index, TRUE_CLASS, picture)
                cells.append(Cell(heat.picture, [column.name, text]))
                places.append(heat.brightest)
            for start in range(0, len(cells), beside):
                name = Line(short_name(names, label), bold=True, lines=3)
                first = Cell(None) if start else Cell(picture, [name])
                sheet.row([first, *cells[start : start + beside]], spots)
            sheet.top += BLOCK_GAP - GAP
            content.append(
                {
                    "image_id": columns[0].image_id[index],
                    "class": label,
                    "name": names[label],
                    "scores": scores,
                }
            )
        if chosen:
            sheet.colour_bar()
        else:
            sheet.paragraph("no image has a label: nothing to show")
        facts = {"columns": [column.name for column in columns], "images": content}
        save(sheet.finish(), out, facts, _alt(facts, places))


def _alt(facts: dict, places: list[str]) -> str:
    if not facts["images"]:
        return "No picture: no image has a label."
    images = []
    for image in facts["images"]:
        found = [score for score in image["scores"].values() if score]
        score = f"scores {span(found)}" if found else "in no network's top five"
        images.append(f"{image['name'].split(',')[0]} ({score})")
    return (
        f"{counted(len(images), 'image')}, each with a map of its true class by "
        f"{counted(len(facts['columns']), 'method')}, {listed(facts['columns'])}: "
        f"{listed(images)}; {brightest_of(places)}."
    )
