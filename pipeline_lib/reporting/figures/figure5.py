"""Figure 5: the same images through several networks and the gradient baselines."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from matplotlib import pyplot as plt

from pipeline_lib.data.classes import short_name
from pipeline_lib.localization.heat_maps import TRUE_CLASS
from pipeline_lib.localization.predictions import BACKPROP_ON, Predictions
from pipeline_lib.reporting.figures.pictures import (
    COLOURS,
    STYLE,
    explained,
    photograph,
    save,
    show,
    true_scores,
)
from pipeline_lib.reporting.inputs import Inputs

ROWS = 4
_CELL = 1.75  # inches


def choose(columns: Sequence[Predictions]) -> list[int]:
    """Return the indices of the images to show, one per class.

    Labelled images are sorted by the number of networks that classify them correctly, then by the mean
    score of the true class. Gradient baselines do not count: their scores are those of their networks.
    """
    networks = [each for each in columns if each.method != "backprop"] or list(columns)
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

    Over each map is the score that its network gives the true class. ``columns`` are predictions of
    the same images; where no image has a label, the figure says so.
    """
    chosen = choose(columns)
    content = []
    with matplotlib.rc_context(STYLE):
        figure = plt.figure(
            figsize=(_CELL * (1 + len(columns)), (_CELL + 0.25) * max(len(chosen), 1) + 0.9),
            layout="constrained",
        )
        if chosen:
            grid = figure.subplots(len(chosen), 1 + len(columns), squeeze=False)
        else:
            figure.suptitle("no image has a label: nothing to show")
        for line, index in enumerate(chosen):
            picture = photograph(root, images, index)
            label = columns[0].label_of(int(columns[0].true_class[index]))
            show(grid[line, 0], picture, short_name(names, label))
            scores = {}
            for axes, column in zip(grid[line, 1:], columns, strict=True):
                score = scores[column.name] = round(float(true_scores(column)[index]), 6)
                text = f"{score:.2f}" if score else "not in its top 5"
                head = f"{_broken(column.name)}\n" if line == 0 else ""
                show(axes, explained(column, index, TRUE_CLASS, picture), head + text)
            content.append(
                {
                    "image_id": columns[0].image_id[index],
                    "class": label,
                    "name": names[label],
                    "scores": scores,
                }
            )
        if chosen:
            figure.colorbar(
                matplotlib.cm.ScalarMappable(cmap=COLOURS), ax=grid, location="bottom",
                label="fraction of the map's maximum", shrink=0.35, aspect=35, pad=0.02,
            )  # fmt: skip
        save(figure, out, {"columns": [column.name for column in columns], "images": content})
        plt.close(figure)


def _broken(name: str) -> str:
    """Break a column's name so that it fits over a picture."""
    return name.replace(BACKPROP_ON, BACKPROP_ON.rstrip() + "\n")
