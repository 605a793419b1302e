"""Figure 7: birds, the class activation maps of their predicted species, and boxes."""

from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from matplotlib import pyplot as plt

from pipeline_lib.data.classes import short_name
from pipeline_lib.data.manifest import BOX_COLUMNS, SPLIT_COLUMNS, read_csv
from pipeline_lib.evaluation.ground_truth import CORNERS
from pipeline_lib.evaluation.ilsvrc import best_overlap
from pipeline_lib.localization.extraction import BOX_TABLE_COLUMNS
from pipeline_lib.localization.predictions import Predictions
from pipeline_lib.reporting.figures.pictures import (
    GREEN,
    RED,
    STYLE,
    box_legend,
    explained,
    outline,
    photograph,
    save,
    show,
)
from pipeline_lib.reporting.inputs import Inputs

SPECIES, EACH = 4, 3
CHOICE = (
    "test images whose species the SVM gets right: of the four species whose third best image it is "
    "most certain of, the three best; whether a box is right plays no part"
)


def choose(predictions: Predictions, test_images: set[str]) -> dict[str, list[int]]:
    """Return the indices of the test images to show, by species: see ``CHOICE``.

    With fewer correct images there are fewer pictures.
    """
    right = predictions.classes[:, 0] == predictions.true_class
    by_species: dict[str, list[int]] = {}
    for index in np.argsort(-predictions.scores[:, 0], kind="stable").tolist():
        if right[index] and predictions.image_id[index] in test_images:
            label = predictions.label_of(int(predictions.true_class[index]))
            by_species.setdefault(label, []).append(index)
    best = {label: indices[:EACH] for label, indices in by_species.items()}

    def certainty(label: str) -> tuple[int, float]:
        return len(best[label]), float(predictions.scores[best[label][-1], 0])

    return {label: best[label] for label in sorted(best, key=certainty, reverse=True)[:SPECIES]}


def plot_from(inputs: Inputs, out: Path) -> None:
    """Plot the figure from the roles predictions, boxes, true-boxes, splits, images and classes."""
    predictions, images, root = inputs.predicted_set()
    boxes = read_csv(inputs.path("boxes"), BOX_TABLE_COLUMNS, made_from=predictions.fingerprint)
    true_boxes = read_csv(inputs.path("true-boxes"), BOX_COLUMNS)
    splits = read_csv(inputs.path("splits"), SPLIT_COLUMNS)
    test_images = set(splits.loc[splits["subset"] == "test", "image_id"])
    plot(predictions, boxes, images, true_boxes, test_images, root, inputs.names, out)


def plot(
    predictions: Predictions,
    boxes: pd.DataFrame,
    images: pd.DataFrame,
    true_boxes: pd.DataFrame,
    test_images: set[str],
    root: Path,
    names: dict[str, str],
    out: Path,
) -> None:
    """Plot and write the figure: a row per species, each bird with its boxes, then with its map.

    ``boxes`` are made from the predictions; the figure shows those of the first guess.
    """
    chosen = choose(predictions, test_images)
    first = boxes[(boxes["rank"] == 1) & (boxes["fit"] == "loose")].set_index("image_id")[CORNERS]
    true = true_boxes.set_index("image_id")[CORNERS]
    content = []
    with matplotlib.rc_context(STYLE):
        rows = max(len(chosen), 1)
        figure, grid = plt.subplots(
            rows, 2 * EACH, squeeze=False, figsize=(13, 2.3 * rows + 0.5), layout="constrained"
        )
        for axes in grid.ravel():
            axes.set_axis_off()
        if not chosen:
            figure.suptitle("no test image is classified correctly: nothing to show")
        for line, (label, indices) in zip(grid, chosen.items(), strict=False):
            for place, index in enumerate(indices):
                name = predictions.image_id[index]
                picture = photograph(root, images, index)
                predicted, truth = (table.loc[name].to_numpy(float) for table in (first, true))
                overlap = float(best_overlap(predicted[None], truth[None])[0])
                pair = line[2 * place : 2 * place + 2]
                show(pair[0], picture, short_name(names, label))
                show(pair[1], explained(predictions, index, 1, picture), f"IoU {overlap:.2f}")
                for axes in pair:
                    outline(axes, truth, GREEN)
                    outline(axes, predicted, RED)
                content.append(
                    {
                        "image_id": name,
                        "class": label,
                        "name": short_name(names, label),
                        "score": round(float(predictions.scores[index, 0]), 6),
                        "iou": round(overlap, 4),
                    }
                )
        if chosen:
            box_legend(figure)
        save(figure, out, {"network": predictions.name, "choice": CHOICE, "images": content})
        plt.close(figure)
