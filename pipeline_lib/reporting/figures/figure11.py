"""Figure 11: the maps of a classifier of images with words, beside the words' boxes."""

from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

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
from pipeline_lib.reporting.figures.alt import counted, span
from pipeline_lib.reporting.figures.pictures import (
    STYLE,
    explained,
    outline_true,
    photograph,
    save,
    true_box_handle,
)
from pipeline_lib.reporting.figures.sheet import BLOCK_GAP, SIZE, Cell, Sheet
from pipeline_lib.reporting.figures.wrapping import line_height
from pipeline_lib.reporting.inputs import Inputs
from pipeline_lib.reporting.tables.describe import percent

IMAGES = 10  # test images, spread evenly from the most mass in word boxes to the least
COLUMNS = 5
_BARS = 2  # inches: the bars' height
KINDS = {CLASS_MAP: ("#d55e00", ""), CENTRED: ("#7f8fa8", "//"), UNIFORM: ("#c9ced6", "..")}


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
    with matplotlib.rc_context(STYLE):
        sheet = Sheet()
        sheet.paragraph(
            f"Maps of “text” by the features of {predictions.name}, from the test image with the most "
            "of its map in word boxes to the one with the least"
        )
        places = sheet.cells(COLUMNS)
        rows = list(selected.itertuples())
        for start in range(0, len(rows), COLUMNS):
            line, cells = rows[start : start + COLUMNS], []
            for row in line:
                index = place[row.image_id]
                picture = photograph(root, images, index)
                heat = explained(predictions, index, TRUE_CLASS, picture)
                above = [
                    f"{row.mass:.0%} of the map in words",
                    f"(their area: {row.area:.0%}), score {row.score:.2f}",
                ]
                cells.append(Cell(heat.picture, above))
            for axes, row in zip(sheet.row(cells, places), line, strict=True):
                for box in boxes[row.image_id].to_numpy(float):
                    outline_true(axes, box, width=1.1)  # words are small
        sheet.legend([true_box_handle("word box (not used in training)")])
        sheet.colour_bar()
        sheet.top += BLOCK_GAP + line_height(SIZE)
        _bars(sheet.axes(0.6, sheet.top, sheet.room - 0.6, _BARS), measures)
        sheet.top += _BARS + 2 * line_height(SIZE)
        facts = {
            "network": predictions.name,
            "measures": measures.round(6).to_dict("records"),
            "images": selected.round(6).to_dict("records"),
        }
        save(sheet.finish(), out, facts, _alt(selected, measures))


def _alt(selected: pd.DataFrame, measures: pd.DataFrame) -> str:
    values = measures.set_index(["measure", "map"])["value"]
    found = [
        f"{name} {', '.join(f'{kind} {values[measure, kind]:.2f}' for kind in KINDS)}"
        for measure, name in MEASURES.items()
    ]
    return (
        f"Maps of “text” over {counted(len(selected), 'image')} with their word boxes, "
        f"{span(list(selected['mass']), '.0%')} of the map in words; below, bars: {'; '.join(found)}."
    )


def _bars(axes: Axes, measures: pd.DataFrame) -> None:
    """Plot bars with intervals for each measure: the class map's and those of the baselines."""
    width = 0.26
    top = float(measures.loc[measures["map"].isin(KINDS), "high"].max())
    for offset, (kind, (colour, hatch)) in enumerate(KINDS.items()):
        rows = measures[measures["map"] == kind].set_index("measure").loc[list(MEASURES)]
        at = np.arange(len(rows)) + (offset - 1) * width
        errors = [rows["value"] - rows["low"], rows["high"] - rows["value"]]
        axes.bar(at, rows["value"], width, color=colour, hatch=hatch, edgecolor="white", label=kind,
                 yerr=errors, capsize=3, ecolor="#444444")  # fmt: skip
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
