"""Figure 6: boxes from class maps, and from the gradient baseline for the same images."""

from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from matplotlib import pyplot as plt

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.classes import short_name
from pipeline_lib.data.manifest import BOX_COLUMNS, read_csv
from pipeline_lib.evaluation.ground_truth import CORNERS, localizable
from pipeline_lib.evaluation.ilsvrc import best_overlap
from pipeline_lib.localization.extraction import BOX_TABLE_COLUMNS
from pipeline_lib.localization.heat_maps import TRUE_CLASS
from pipeline_lib.localization.predictions import Predictions
from pipeline_lib.reporting.figures.pictures import (
    GREEN,
    RED,
    STYLE,
    box_legend,
    label_row,
    outline,
    photograph,
    save,
    show,
)
from pipeline_lib.reporting.inputs import Inputs

COLUMNS, BLOCKS = 6, 2  # pictures in a row, pairs of rows
CHOICE = (
    "images with one true box whose class the first network gets right, one a class in order of its "
    "score, then a second one, and so on; whether a box is right plays no part"
)


@dataclass(frozen=True)
class Localized:
    """A network's predictions and the boxes made from them."""

    predictions: Predictions
    boxes: pd.DataFrame

    def box(self, image_id: str) -> np.ndarray:
        """The (4,) loose box of an image's true class."""
        table = self.boxes
        rows = (table["rank"] == TRUE_CLASS) & (table["fit"] == "loose")
        return table.loc[rows & (table["image_id"] == image_id), CORNERS].to_numpy(float)[0]


def choose(
    predictions: Predictions, images: pd.DataFrame, true_boxes: pd.DataFrame
) -> dict[int, np.ndarray]:
    """Return the images to show, by index, each with its one true box (1, 4): see ``CHOICE``."""
    keep, boxes_of = localizable(images, true_boxes, predictions.true_class >= 0)
    boxes = dict(zip(np.flatnonzero(keep).tolist(), boxes_of, strict=True))
    right = predictions.classes[:, 0] == predictions.true_class
    scored = [(-predictions.scores[i, 0], predictions.image_id[i], i) for i in boxes]
    rounds, counts = [], {}
    for score, name, index in sorted(scored):
        if right[index] and len(boxes[index]) == 1:
            label = int(predictions.true_class[index])
            counts[label] = counts.get(label, 0) + 1
            rounds.append((counts[label], score, name, index))
    return {index: boxes[index] for *_, index in sorted(rounds)[: COLUMNS * BLOCKS]}


def plot_from(inputs: Inputs, out: Path) -> None:
    """Plot the figure from the roles predictions and boxes, two of each, true-boxes, images, classes."""
    predictions, images, root = inputs.shared_images()
    paths = inputs.paths("boxes")
    if not len(predictions) == len(paths) == 2:
        raise InputError(
            "figure6 takes two --input predictions, and two --input boxes made from them"
        )
    pair = tuple(
        Localized(each, read_csv(path, BOX_TABLE_COLUMNS, made_from=each.fingerprint))
        for each, path in zip(predictions, paths, strict=True)
    )
    true_boxes = read_csv(inputs.path("true-boxes"), BOX_COLUMNS)
    plot(pair, images, true_boxes, root, inputs.names, out)


def plot(
    pair: tuple[Localized, Localized],
    images: pd.DataFrame,
    true_boxes: pd.DataFrame,
    root: Path,
    names: dict[str, str],
    out: Path,
) -> None:
    """Plot and write the figure: pairs of rows, the first of ``pair`` above the second.

    The boxes are those of the true class, which the first network predicts.
    """
    first = pair[0].predictions
    chosen = list(choose(first, images, true_boxes).items())
    blocks = [chosen[start : start + COLUMNS] for start in range(0, len(chosen), COLUMNS)]
    content = []
    with matplotlib.rc_context(STYLE):
        figure = plt.figure(figsize=(13, 4.7 * max(len(blocks), 1) + 0.5), layout="constrained")
        if not chosen:
            figure.suptitle(
                f"{first.name} classifies no image with one true box correctly: nothing to show"
            )
        panels = figure.subfigures(max(len(blocks), 1), 1, squeeze=False, hspace=0.03)[:, 0]
        for panel, block in zip(panels, blocks, strict=False):
            grid = panel.subplots(2, COLUMNS, squeeze=False)
            for axes in grid.ravel():
                axes.set_axis_off()
            for row, localized in zip(grid, pair, strict=True):
                label_row(row[0], localized.predictions.name)
            for column, (index, true) in zip(grid.T, block, strict=False):
                name = first.image_id[index]
                label = first.label_of(int(first.true_class[index]))
                picture = photograph(root, images, index)
                overlaps = {}
                for axes, localized in zip(column, pair, strict=True):
                    box = localized.box(name)
                    overlap = float(best_overlap(box[None], true)[0])
                    overlaps[localized.predictions.name] = round(overlap, 4)
                    head = f"{short_name(names, label)}\n" if axes is column[0] else ""
                    show(axes, picture, f"{head}IoU {overlap:.2f}")
                    outline(axes, true[0], GREEN)
                    outline(axes, box, RED)
                content.append(
                    {
                        "image_id": name,
                        "class": label,
                        "name": names[label],
                        "score": round(float(first.scores[index, 0]), 6),
                        "iou": overlaps,
                    }
                )
        if chosen:
            box_legend(figure)
        box_methods = [localized.boxes["box_method"].iloc[0] for localized in pair]
        save(figure, out, {"choice": CHOICE, "box_methods": box_methods, "images": content})
        plt.close(figure)
