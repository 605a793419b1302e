"""Figure 4: an image and the class activation maps of its five most likely classes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from pipeline_lib.data.classes import short_name
from pipeline_lib.localization.heat_maps import heat_map
from pipeline_lib.localization.predictions import Predictions
from pipeline_lib.reporting.figures.pictures import (
    RED,
    STYLE,
    guesses,
    outline,
    overlay,
    photograph,
    save,
    show,
)
from pipeline_lib.reporting.inputs import Inputs

CHOSEN = 3


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
    plot(rows, lambda figure: save(figure, out, {"rows": content}))


def plot(rows: list[SheetRow], write: Callable[[Figure], None]) -> None:
    """Plot the sheet and ``write`` it: a row per image, the image first, then its class maps."""
    panels = 1 + max(len(row.heat_maps) for row in rows)
    with matplotlib.rc_context(STYLE):
        heights = [2.4 * row.picture.shape[0] / row.picture.shape[1] + 0.45 for row in rows]
        figure, grid = plt.subplots(
            len(rows), panels, squeeze=False, layout="constrained",
            figsize=(2.4 * panels, sum(heights)), gridspec_kw={"height_ratios": heights},
        )  # fmt: skip
        for line, row in zip(grid, rows, strict=True):
            for axes in line:
                axes.set_axis_off()
            truth = f"truth: {row.truth}" if row.truth else row.image_id
            show(line[0], row.picture, f"{truth}\n{row.network}")
            for axes, heat, guess in zip(line[1:], row.heat_maps, row.guesses, strict=False):
                show(axes, overlay(row.picture, heat), f"{guess['name']}\n{guess['score']:.3f}")
            for axes, box in zip(line[1:], row.boxes, strict=False):
                outline(axes, box, RED)
        write(figure)
        plt.close(figure)
