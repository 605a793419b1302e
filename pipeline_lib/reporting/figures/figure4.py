"""Figure 4: an image and the class activation maps of its five most likely classes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from pipeline_lib.data.classes import short_name
from pipeline_lib.localization.heat_maps import heat_map
from pipeline_lib.localization.predictions import Predictions
from pipeline_lib.reporting.figures.alt import brightest, counted, listed
from pipeline_lib.reporting.figures.pictures import (
    STYLE,
    guesses,
    outline_predicted,
    overlay,
    photograph,
    predicted_box_handle,
    save,
)
from pipeline_lib.reporting.figures.sheet import GAP, Cell, Line, Sheet
from pipeline_lib.reporting.inputs import Inputs

CHOSEN = 3
_CELL, _NARROWEST = 2, 4.5  # inches


@dataclass(frozen=True)
class SheetRow:
    """One image and its top classes: ``picture`` (H, W, 3) uint8, a heat map (H, W) per guess.

    ``boxes`` are half-open, in pixels of the picture, one for each map, or none are shown.
    """

    image_id: str
    network: str
    truth: str
    picture: np.ndarray
    heat_maps: list[np.ndarray]
    guesses: list[dict]
    boxes: list[np.ndarray] = field(default_factory=list)


def choose(predictions: Predictions) -> list[int]:
    """Return the indices of the images to show.

    They are correctly classified images, one per class, in which the other four classes have the
    largest total score: as in the paper, images that several classes explain. Where no image is
    correct, all labelled images are considered; without labels, the first images are returned.
    """
    if (predictions.true_class < 0).all():
        return list(range(min(CHOSEN, len(predictions.image_id))))
    candidates = np.flatnonzero(predictions.classes[:, 0] == predictions.true_class)
    if not len(candidates):
        candidates = np.flatnonzero(predictions.true_class >= 0)
    others = predictions.scores[candidates, 1:].sum(axis=1)
    chosen: dict[int, int] = {}
    for index in candidates[np.argsort(-others, kind="stable")]:
        chosen.setdefault(int(predictions.true_class[index]), int(index))
    return list(chosen.values())[:CHOSEN]


def rows_of(
    predictions: Predictions,
    images: pd.DataFrame,
    root: Path,
    names: dict[str, str],
    indices: list[int],
) -> list[SheetRow]:
    """Return the sheet's rows for the given images."""
    rows = []
    for index in indices:
        picture = photograph(root, images, index)
        height, width, _ = picture.shape
        rows.append(
            SheetRow(
                image_id=predictions.image_id[index],
                network=predictions.name,
                truth=short_name(names, predictions.label_of(int(predictions.true_class[index]))),
                picture=picture,
                heat_maps=[
                    heat_map(predictions, index, rank, width, height, "bilinear")
                    for rank in range(1, predictions.maps.shape[1] + 1)
                ],
                guesses=guesses(predictions.labels_of(index), predictions.scores[index], names),
            )
        )
    return rows


def plot_from(inputs: Inputs, out: Path) -> None:
    """Plot the sheet from the roles predictions, images and classes: rows from each image set."""
    names = inputs.names
    rows = [
        row
        for predictions, images, root in inputs.predicted_sets()
        for row in rows_of(predictions, images, root, names, choose(predictions))
    ]
    content = [
        {"image_id": row.image_id, "network": row.network, "truth": row.truth, "top": row.guesses}
        for row in rows
    ]
    plot(rows, lambda figure: save(figure, out, {"rows": content}, _alt(rows)))


def plot(rows: list[SheetRow], write: Callable[[Figure], None]) -> None:
    """Plot the sheet and ``write`` it: a row per image, the image first, then its class maps."""
    with matplotlib.rc_context(STYLE):
        panels = 1 + max(len(row.heat_maps) for row in rows)
        sheet = Sheet(max(_CELL * panels, _NARROWEST))
        places = sheet.cells(panels)
        for row in rows:
            truth = f"truth: {row.truth}" if row.truth else row.image_id
            cells = [Cell(row.picture, [truth, row.network])]
            for heat, guess in zip(row.heat_maps, row.guesses, strict=False):
                above = [Line(guess["name"], lines=2), f"score {guess['score']:.3f}"]
                cells.append(Cell(overlay(row.picture, heat), above))
            _, *maps = sheet.row(cells, places)
            for axes, box in zip(maps, row.boxes, strict=False):
                outline_predicted(axes, box)
            sheet.top += GAP
        sheet.colour_bar()
        if any(row.boxes for row in rows):
            sheet.legend([predicted_box_handle()])
        write(sheet.finish())


def _alt(rows: list[SheetRow]) -> str:
    images = []
    for row in rows:
        first = row.guesses[0]
        truth = row.truth or row.image_id
        name = "" if first["name"] == truth else f"as {first['name']} "
        place = brightest(row.heat_maps[0])
        images.append(f"{truth} {name}({first['score']:.2f}), brightest at the {place}")
    count, networks = counted(len(rows), "image"), listed(row.network for row in rows)
    return (
        f"{count}, each with the maps of its likeliest classes by {networks}. The first map is that "
        f"of: {'; '.join(images)}."
    )
