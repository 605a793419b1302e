"""Figure 11: the maps of a classifier of images with words, beside the words' boxes."""

from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from matplotlib import patches
from matplotlib import pyplot as plt

from pipeline_lib.data.manifest import BOX_COLUMNS, read_csv
from pipeline_lib.discovery.map_measures import MEASURES
from pipeline_lib.discovery.text import (
    CENTRED,
    CLASS_MAP,
    TEXT_IMAGE_COLUMNS,
    TEXT_MEASURE_COLUMNS,
    UNIFORM,
)
from pipeline_lib.evaluation.ground_truth import CORNERS
from pipeline_lib.localization.heat_maps import TRUE_CLASS
from pipeline_lib.localization.predictions import Predictions
from pipeline_lib.reporting.figures.pictures import (
    GREEN,
    STYLE,
    explained,
    outline,
    photograph,
    save,
    show,
)
from pipeline_lib.reporting.inputs import Inputs
from pipeline_lib.reporting.tables.describe import percent

IMAGES = 10  # test images, spread evenly from the most mass in word boxes to the least
COLUMNS = 5


def choose(by_image: pd.DataFrame, count: int = IMAGES) -> pd.DataFrame:
    """Return ``count`` rows, evenly spread over the ranks by mass in word boxes, highest first."""
    ranked = by_image.sort_values(["mass", "image_id"], ascending=[False, True])
    return ranked.iloc[np.linspace(0, len(ranked) - 1, min(count, len(ranked))).round().astype(int)]


def plot_from(inputs: Inputs, out: Path) -> None:
    """Plot the figure from the roles measures, by-image, predictions, images and true-boxes."""
    measures = read_csv(inputs.path("measures"), TEXT_MEASURE_COLUMNS)
    by_image = read_csv(inputs.path("by-image"), TEXT_IMAGE_COLUMNS)
    predictions, images, root = inputs.predicted_set()
    true_boxes = read_csv(inputs.path("true-boxes"), BOX_COLUMNS)
    plot(measures, by_image, predictions, images, true_boxes, root, out)


def plot(
    measures: pd.DataFrame,
    by_image: pd.DataFrame,
    predictions: Predictions,
    images: pd.DataFrame,
    true_boxes: pd.DataFrame,
    root: Path,
    out: Path,
) -> None:
    """Plot and write the figure: maps over test images with their word boxes, and the measures.

    The JSON has the measures, and those of the images in the figure.
    """
    place = {name: index for index, name in enumerate(predictions.image_id)}
    boxes = dict(list(true_boxes.groupby("image_id")[list(CORNERS)]))
    selected = choose(by_image)
    lines = -(-len(selected) // COLUMNS)
    with matplotlib.rc_context(STYLE):
        figure = plt.figure(figsize=(13, 2.5 * lines + 2.9), layout="constrained")
        pictures, below = figure.subfigures(2, 1, height_ratios=[2.5 * lines, 2.6])
        pictures.suptitle(
            f"Maps of “text” by the features of {predictions.name}, from the test image with the most "
            "of its map in word boxes to the one with the least"
        )
        grid = pictures.subplots(lines, COLUMNS, squeeze=False).ravel()
        for axes in grid:
            axes.set_axis_off()
        for axes, row in zip(grid, selected.itertuples(), strict=False):
            index = place[row.image_id]
            picture = photograph(root, images, index)
            title = (
                f"score {row.score:.2f}; {row.mass:.0%} of the map in words\n"
                f"(their area: {row.area:.0%})"
            )
            show(axes, explained(predictions, index, TRUE_CLASS, picture), title)
            for box in boxes[row.image_id].to_numpy(float):
                outline(axes, box, GREEN)
        _bars(below.subplots(), measures)
        figure.legend(
            handles=[
                patches.Patch(
                    fill=False, edgecolor=GREEN, linewidth=2, label="word box (not used in training)"
                )
            ],
            loc="outside lower right", frameon=False,
        )  # fmt: skip
        save(
            figure,
            out,
            {
                "network": predictions.name,
                "measures": measures.round(6).to_dict("records"),
                "images": selected.round(6).to_dict("records"),
            },
        )
        plt.close(figure)


def _bars(axes: plt.Axes, measures: pd.DataFrame) -> None:
    """Plot bars with intervals for each measure: the class map's and those of the baselines."""
    kinds = {CLASS_MAP: "#d1495b", CENTRED: "#8d99ae", UNIFORM: "#cfd4dc"}
    width = 0.26
    top = float(measures.loc[measures["map"].isin(kinds), "high"].max())
    for offset, (kind, colour) in enumerate(kinds.items()):
        rows = measures[measures["map"] == kind].set_index("measure").loc[list(MEASURES)]
        at = np.arange(len(rows)) + (offset - 1) * width
        errors = [rows["value"] - rows["low"], rows["high"] - rows["value"]]
        axes.bar(at, rows["value"], width, color=colour, label=kind, yerr=errors, capsize=3,
                 ecolor="#444444")  # fmt: skip
        for x, row in zip(at, rows.itertuples(), strict=True):
            axes.text(x, row.high + 0.02 * top, f"{row.value:.2f}", ha="center", va="bottom")
    axes.set_xticks(range(len(MEASURES)), MEASURES.values())
    axes.set_ylim(0, 1.25 * top)
    axes.set_title(
        f"Mean of {int(measures['n'].max())} test images, 95 % intervals; strong: above "
        f"{percent(measures['threshold'].iloc[0])} of the map's maximum"
    )
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, ncols=3, loc="upper left")
