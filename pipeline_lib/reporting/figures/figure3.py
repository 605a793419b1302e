"""Figure 3: the class activation maps of four classes, a few images each."""

from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from matplotlib import pyplot as plt

from pipeline_lib.data.classes import short_name
from pipeline_lib.localization.predictions import Predictions
from pipeline_lib.reporting.figures.pictures import STYLE, explained, photograph, save, show
from pipeline_lib.reporting.inputs import Inputs

CLASSES, IMAGES = 4, 4


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
    """Plot and write the figure; where no image is classified correctly, it says so."""
    chosen = choose(predictions)
    content = []
    with matplotlib.rc_context(STYLE):
        figure = plt.figure(figsize=(13, 7.2), layout="constrained")
        if not chosen:
            figure.suptitle(f"{predictions.name} classifies no image correctly: nothing to show")
        panels = figure.subfigures(2, 2, hspace=0.04, wspace=0.03).ravel()
        for panel, (label, indices) in zip(panels, chosen, strict=False):
            wnid = predictions.label_of(label)
            panel.suptitle(short_name(names, wnid), fontweight="bold")
            grid = panel.subplots(2, IMAGES, squeeze=False)
            for axes in grid.ravel():
                axes.set_axis_off()
            for column, index in enumerate(indices):
                picture = photograph(root, images, index)
                score = float(predictions.scores[index, 0])
                show(grid[0, column], picture)
                show(grid[1, column], explained(predictions, index, 1, picture), f"{score:.2f}")
                content.append(
                    {
                        "class": wnid,
                        "name": names[wnid],
                        "image_id": predictions.image_id[index],
                        "score": round(score, 6),
                    }
                )
        save(figure, out, {"network": predictions.name, "images": content})
        plt.close(figure)
