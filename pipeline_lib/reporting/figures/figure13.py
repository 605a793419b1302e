"""Figure 13: the units that a class relies on, in the images that activate them most."""

from dataclasses import dataclass
from math import inf
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from matplotlib import lines, patches
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline_lib.data.classes import short_name
from pipeline_lib.data.manifest import read_images
from pipeline_lib.data.photographs import root_folder
from pipeline_lib.reporting.figures.pictures import COLOURS, GREEN, STYLE, photograph, save, show
from pipeline_lib.reporting.inputs import Inputs
from pipeline_lib.units.masks import DISC, THRESHOLD, darken_outside, unit_mask
from pipeline_lib.units.measures import IN_BOX, PURITY, read_unit_measures
from pipeline_lib.units.units_file import UnitsFile, read_units

_CELL, _HEADLINE = 1.35, 0.2  # inches
MEASURED, THEORETICAL, PEAK = "#ffd000", "#ffffff", "#ff2020"


@dataclass(frozen=True)
class Content:
    """What the figure shows: the units, their measures, the images, their folder and class names."""

    units: UnitsFile
    measures: pd.DataFrame
    images: pd.DataFrame
    root: Path
    names: dict[str, str]


def plot_from(inputs: Inputs, out: Path) -> None:
    """Plot the figure from the roles units, measures, images and classes."""
    manifest = inputs.path("images")
    plot(
        Content(
            read_units(inputs.path("units"), manifest),
            read_unit_measures(inputs.path("measures")),
            read_images(manifest),
            root_folder(inputs.root),
            inputs.names,
        ),
        out,
    )


def plot(content: Content, out: Path) -> None:
    """Plot and write the figure: a block per class, a row per unit: its field, then its images."""
    units = content.units
    classes = list(dict.fromkeys(units.class_index[units.shown_rows].tolist()))
    columns, entries = 1 + units.maps.shape[1], []
    with matplotlib.rc_context(STYLE):
        rows = [_count_rows(units, index) for index in classes]
        height = sum(rows) * (_CELL + _HEADLINE + 0.1) + 0.35 * len(classes)
        figure = plt.figure(figsize=(_CELL * columns, height + 0.6), layout="constrained")
        blocks = figure.subfigures(len(classes), 1, squeeze=False, height_ratios=rows)[:, 0]
        for block, count, index in zip(blocks, rows, classes, strict=True):
            label = units.class_labels[index]
            block.suptitle(short_name(content.names, label), fontweight="bold", fontsize=11)
            ratios = [_HEADLINE, _CELL] * count
            cells = block.add_gridspec(len(ratios), columns, height_ratios=ratios)
            grid = [
                [
                    block.add_subplot(cells[line, :]),
                    *(block.add_subplot(cells[line + 1, k]) for k in range(columns)),
                ]
                for line in range(0, len(ratios), 2)
            ]
            of_class = np.flatnonzero(units.class_index[units.shown_rows] == index)
            entries += [
                _plot_row(axes, content, int(line), label)
                for axes, line in zip(grid, of_class, strict=True)
            ]
        _legend(figure, units, any(unit["purity"] for unit in entries))
        facts = {
            "network": units.name,
            "method": units.method,
            "theoretical_field": units.field.x.size if units.field.x.size < inf else None,
            "input": list(units.field.size),
            "occluder": units.occluder,
            "occluded_images": units.occluded,
            "units": entries,
        }
        save(figure, out, facts)
        plt.close(figure)


def _count_rows(units: UnitsFile, class_index: int) -> int:
    return int((units.class_index[units.shown_rows] == class_index).sum())


def _plot_row(axes: list[Axes], content: Content, line: int, label: str) -> dict:
    """Plot a unit's row, its headline on the first of the axes; return what it shows."""
    units = content.units
    row = int(units.shown_rows[line])
    facts = {
        "class": label,
        "name": content.names[label],
        "unit": int(units.unit[row]),
        "rank": int(units.rank[row]),
        "weight": round(float(units.weight[row]), 6),
        "images_of_the_class": int(units.class_images[units.class_index[row]]),
    }
    measures = _measures(content.measures, facts)
    headline, *axes = axes
    headline.set_axis_off()
    headline.text(0, 0, _headline(facts, measures), va="bottom").set_in_layout(False)
    _plot_field(axes[0], units, line)
    pictures = []
    for k, panel in enumerate(axes[1:]):
        if k >= units.image.shape[1]:
            panel.set_axis_off()
            continue
        index = int(units.image[row, k])
        picture = photograph(content.root, content.images, index)
        height, width, _ = picture.shape
        mask = unit_mask(units, line, k, width, height)
        show(panel, darken_outside(picture, mask))
        if mask.any():
            panel.contour(mask, levels=[0.5], colors=MEASURED, linewidths=1)
        _plot_place(panel, units, tuple(units.position[row, k]), width, height)
        of_class = content.images["label"].iloc[index] == label
        if of_class:
            _frame(panel, width, height)
        pictures.append(
            {
                "image_id": content.images["image_id"].iloc[index],
                "of_the_class": bool(of_class),
                "activation": round(float(units.activation[row, k]), 6),
            }
        )
    return facts | measures | {"images": pictures}


def _measures(measures: pd.DataFrame, unit: dict) -> dict:
    """Return a unit's purity and location as plain values, None where they were not measured."""
    of_unit = measures[(measures["class"] == unit["class"]) & (measures["rank"] == unit["rank"])]
    of_unit = of_unit.set_index("measure")
    facts = {}
    for key, name in (("purity", PURITY), ("in_box", IN_BOX)):
        measured = name in of_unit.index
        columns = ("value", "low", "high", "n", "chance", "max_possible")
        facts[key] = {c: float(of_unit.at[name, c]) for c in columns} if measured else None
    return facts


def _headline(unit: dict, measures: dict) -> str:
    text = f"unit {unit['unit']}, rank {unit['rank']}, weight {unit['weight']:.2f}"
    pure, located = measures["purity"], measures["in_box"]
    if not unit["images_of_the_class"]:
        text += "   |   no purity: none of the images is of the class"
    if pure is not None:
        text += (
            f"   |   of the class: {pure['value']:.0f} % of {pure['n']:.0f} images "
            f"({pure['low']:.0f} to {pure['high']:.0f}), chance {pure['chance']:.1f}"
        )
        if pure["max_possible"] < 100:  # the class has fewer images
            text += f", at most {pure['max_possible']:.0f}"
    if located is not None:
        text += f"   |   peak on it: {located['value']:.0f} %, chance {located['chance']:.0f}"
    return text


def _plot_field(panel: Axes, units: UnitsFile, line: int) -> None:
    """Plot the receptive field around its centre, on axes as large as the input."""
    height, width = units.field.size
    panel.set(xlim=(-width / 2, width / 2), ylim=(height / 2, -height / 2), aspect="equal")
    panel.set(xticks=[], yticks=[], facecolor="#808080")
    if units.method == "disc":
        panel.add_patch(patches.Circle((0, 0), DISC * max(units.field.size) / 2, color=MEASURED))
    elif len(units.shifts) > 1:
        change, half = units.drop[line], (units.shifts[1] - units.shifts[0]) / 2
        edges = (units.shifts[0] - half, units.shifts[-1] + half)
        top = max(float(np.nanmax(change)), 1e-12)
        panel.imshow(change, COLOURS, vmin=0, vmax=top, extent=(*edges, *edges[::-1]))
        known = np.nan_to_num(change, nan=0)
        panel.contour(
            *(units.shifts, units.shifts, known),
            levels=[THRESHOLD * top], colors=MEASURED, linewidths=1,
        )  # fmt: skip
        panel.set(xlim=(-width / 2, width / 2), ylim=(height / 2, -height / 2))
    reach = np.array([units.field.x.size, units.field.y.size]) / 2
    edge = np.array([width, height]) / 2
    _dashed(panel, np.maximum(-reach, -edge), np.minimum(reach, edge))


def _dashed(panel: Axes, low: np.ndarray, high: np.ndarray) -> None:
    """Outline the theoretical receptive field from (x, y) ``low`` to ``high``."""
    panel.add_patch(
        patches.Rectangle(
            low, *(high - low),
            fill=False, edgecolor=THEORETICAL, linewidth=0.8, linestyle="--",
        )
    )  # fmt: skip


def _plot_place(
    panel: Axes, units: UnitsFile, place: tuple[int, int], width: int, height: int
) -> None:
    """Plot the highest activation and the theoretical receptive field, where it is in the image."""
    y, x = units.field.centre(place)
    scale = np.array([width / units.field.size[1], height / units.field.size[0]])
    panel.plot(*(np.array([x, y]) * scale - 0.5), "+", color=PEAK, markersize=5)
    low, high = np.array(units.field.box(place)).reshape(2, 2)
    low, high = (np.clip(edge * scale, 0, (width, height)) - 0.5 for edge in (low, high))
    _dashed(panel, low, high)


def _frame(panel: Axes, width: int, height: int) -> None:
    panel.add_patch(
        patches.Rectangle(
            (-0.5, -0.5), width, height,
            fill=False, edgecolor=GREEN, linewidth=3, clip_on=False, zorder=0.5,
        )
    )  # fmt: skip


def _legend(figure: Figure, units: UnitsFile, measured: bool) -> None:
    size = units.field.x.size
    reach = f"{size:.0f} px" if size < inf else "everything"
    facts = []
    if units.method == "occlusion":
        facts.append(
            "Left: how far a unit's activation falls when each place around its peak is hidden; grey:"
            " outside all images."
        )
    if measured:
        facts.append("In brackets: 95 % intervals.")
    inside = "a 65-px disc (of 227)" if units.method == "disc" else "as measured by occlusion"
    figure.legend(
        handles=[
            patches.Patch(fill=False, edgecolor=MEASURED, label=f"receptive field, {inside}"),
            patches.Patch(
                facecolor="#404040", edgecolor=THEORETICAL, linestyle="--",
                label=f"theoretical: {reach} of an input of {units.field.size[1]} px",
            ),
            lines.Line2D([], [], marker="+", color=PEAK, linestyle="", label="highest activation"),
            patches.Patch(fill=False, edgecolor=GREEN, linewidth=3, label="image of the class"),
        ],
        loc="outside lower center", ncols=2, frameon=False,
        title=" ".join(facts),
    )  # fmt: skip
