"""Figure 7: birds, the class activation maps of their predicted species, and boxes."""

from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd

from pipeline_lib.data.classes import short_name
from pipeline_lib.data.manifest import BOX_COLUMNS, SPLIT_COLUMNS, read_csv
from pipeline_lib.evaluation.ground_truth import CORNERS
from pipeline_lib.evaluation.ilsvrc import MIN_IOU, best_overlap
from pipeline_lib.localization.extraction import BOX_TABLE_COLUMNS
from pipeline_lib.localization.predictions import Predictions
from pipeline_lib.reporting.figures.alt import counted, listed, span
from pipeline_lib.reporting.figures.pictures import (
    STYLE,
    box_legend,
    explained,
    outline_predicted,
    outline_true,
    overlap_line,
    photograph,
    save,
)
from pipeline_lib.reporting.figures.sheet import Cell, Line, Sheet
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
        sheet = Sheet()
        spots = sheet.cells(2 * EACH, group=2)
        for label, indices in chosen.items():
            cells, drawn = [], []
            for index in indices:
                name = predictions.image_id[index]
                picture = photograph(root, images, index)
                predicted, truth = (table.loc[name].to_numpy(float) for table in (first, true))
                overlap = float(best_overlap(predicted[None], truth[None])[0])
                heat = explained(predictions, index, 1, picture)
                cells.append(Cell(picture, [Line(short_name(names, label))]))
                cells.append(Cell(heat.picture, [overlap_line(overlap)]))
                drawn += [(truth, predicted)] * 2
                content.append(
                    {
                        "image_id": name,
                        "class": label,
                        "name": short_name(names, label),
                        "score": round(float(predictions.scores[index, 0]), 6),
                        "iou": round(overlap, 4),
                    }
                )
            for axes, (truth, predicted) in zip(sheet.row(cells, spots), drawn, strict=True):
                outline_true(axes, truth)
                outline_predicted(axes, predicted)
        if chosen:
            box_legend(sheet)
            sheet.colour_bar()
        else:
            sheet.paragraph("no test image is classified correctly: nothing to show")
        facts = {"network": predictions.name, "choice": CHOICE, "images": content}
        save(sheet.finish(), out, facts, _alt(predictions.name, content))


def _alt(network: str, content: list[dict]) -> str:
    if not content:
        return "No picture: no test image is classified correctly."
    overlaps = [image["iou"] for image in content]
    right = sum(overlap >= MIN_IOU for overlap in overlaps)
    return (
        f"{counted(len(content), 'bird')} ({listed(image['name'] for image in content)}), each beside "
        f"its map by the features of {network}, with its true and predicted box: {right} of "
        f"{len(content)} boxes are right, IoU {span(overlaps)}."
    )
