"""Figure 6: boxes from class maps, and from the gradient baseline for the same images."""

from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.classes import short_name
from pipeline_lib.data.manifest import BOX_COLUMNS, read_csv
from pipeline_lib.evaluation.ground_truth import CORNERS, localizable
from pipeline_lib.evaluation.ilsvrc import MIN_IOU, best_overlap
from pipeline_lib.localization.extraction import BOX_TABLE_COLUMNS
from pipeline_lib.localization.heat_maps import TRUE_CLASS
from pipeline_lib.localization.predictions import Predictions
from pipeline_lib.reporting.figures.alt import counted, listed, span
from pipeline_lib.reporting.figures.pictures import (
    STYLE,
    box_legend,
    outline_predicted,
    outline_true,
    overlap_line,
    photograph,
    save,
)
from pipeline_lib.reporting.figures.sheet import BLOCK_GAP, GAP, LABELLED, Cell, Line, Sheet
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
    content = []
    with matplotlib.rc_context(STYLE):
        sheet = Sheet()
        spots = sheet.cells(COLUMNS, left=LABELLED)
        for start in range(0, len(chosen), COLUMNS):
            rows: list[list[Cell]] = [[], []]
            drawn = []
            for index, true in chosen[start : start + COLUMNS]:
                name = first.image_id[index]
                label = first.label_of(int(first.true_class[index]))
                picture = photograph(root, images, index)
                overlaps = {}
                for row, localized in zip(rows, pair, strict=True):
                    box = localized.box(name)
                    overlap = float(best_overlap(box[None], true)[0])
                    overlaps[localized.predictions.name] = round(overlap, 4)
                    head = [Line(short_name(names, label))] if localized is pair[0] else []
                    row.append(Cell(picture, [*head, overlap_line(overlap)]))
                    drawn.append((true[0], box))
                content.append(
                    {
                        "image_id": name,
                        "class": label,
                        "name": names[label],
                        "score": round(float(first.scores[index, 0]), 6),
                        "iou": overlaps,
                    }
                )
            for k, (row, localized) in enumerate(zip(rows, pair, strict=True)):
                every = sheet.row(row, spots, localized.predictions.name)
                for axes, (true, box) in zip(every, drawn[k::2], strict=True):
                    outline_true(axes, true)
                    outline_predicted(axes, box)
            sheet.top += BLOCK_GAP - GAP
        if chosen:
            box_legend(sheet)
        else:
            sheet.paragraph(
                f"{first.name} classifies no image with one true box correctly: nothing to show"
            )
        box_methods = [localized.boxes["box_method"].iloc[0] for localized in pair]
        facts = {"choice": CHOICE, "box_methods": box_methods, "images": content}
        save(sheet.finish(), out, facts, _alt(first.name, content))


def _alt(network: str, content: list[dict]) -> str:
    if not content:
        return f"No picture: {network} classifies no image with one true box correctly."
    found = []
    for name in content[0]["iou"]:
        overlaps = [image["iou"][name] for image in content]
        right = sum(overlap >= MIN_IOU for overlap in overlaps)
        found.append(f"{name} has {right} of {len(overlaps)} boxes right, IoU {span(overlaps)}")
    classes = listed(image["name"].split(",")[0] for image in content)
    return (
        f"{counted(len(content), 'image')} ({classes}), each twice, with its true box and a predicted "
        f"one: {'; '.join(found)}."
    )
