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
from pipeline_lib.reporting.figures.pictures import COLOURS, STYLE, TRUTH, photograph, save, show
from pipeline_lib.reporting.inputs import Inputs
from pipeline_lib.units.masks import DISC, THRESHOLD, darken_outside, unit_mask
from pipeline_lib.units.measures import IN_BOX, PURITY, read_unit_measures
from pipeline_lib.units.units_file import UnitsFile, read_units

_CELL, _HEADLINE = 1.35, 0.2  # inches
MEASURED, THEORETICAL, PEAK = "#ffd000", "#ffffff", "#ff2020"


@dataclass(frozen=True)
class Shown:
    """All that the figure is drawn from: the units, their measures, the images and their folder."""

    found: UnitsFile
    measures: pd.DataFrame
    images: pd.DataFrame
    root: Path
    names: dict[str, str]


def plot_from(inputs: Inputs, out: Path) -> None:
    """Plot the figure from the roles units, measures, images and classes."""
    manifest = inputs.path("images")
    (root,) = inputs.roots
    plot(
        Shown(
            read_units(inputs.path("units"), manifest),
            read_unit_measures(inputs.path("measures")),
            read_images(manifest),
            root_folder(root),
            inputs.names,
        ),
        out,
    )


def plot(shown: Shown, out: Path) -> None:
    """Plot and write the figure: a block a class, a row a unit, its field first, then its images."""
    found = shown.found
    classes = list(dict.fromkeys(found.class_index[found.shown_rows].tolist()))
    columns, content = 1 + found.maps.shape[1], []
    with matplotlib.rc_context(STYLE):
        height = sum(_rows(found, one) for one in classes) * (_CELL + _HEADLINE + 0.1) + 0.35 * len(
            classes
        )
        figure = plt.figure(figsize=(_CELL * columns, height + 0.6), layout="constrained")
        heights = [_rows(found, one) for one in classes]
        parts = figure.subfigures(len(classes), 1, squeeze=False, height_ratios=heights)[:, 0]
        for part, one in zip(parts, classes, strict=True):
            label = found.class_labels[one]
            part.suptitle(short_name(shown.names, label), fontweight="bold", fontsize=11)
            ratios = [_HEADLINE, _CELL] * _rows(found, one)
            cells = part.add_gridspec(len(ratios), columns, height_ratios=ratios)
            grid = [
                [
                    part.add_subplot(cells[line, :]),
                    *(part.add_subplot(cells[line + 1, k]) for k in range(columns)),
                ]
                for line in range(0, len(ratios), 2)
            ]
            of_class = np.flatnonzero(found.class_index[found.shown_rows] == one)
            content += [
                _plot_row(axes, shown, int(line), label)
                for axes, line in zip(grid, of_class, strict=True)
            ]
        _legend(figure, found, any(unit["purity"] for unit in content))
        facts = {
            "network": found.name,
            "method": found.method,
            "theoretical_field": found.field.x.size if found.field.x.size < inf else None,
            "input": list(found.field.size),
            "occluder": found.occluder,
            "occluded_images": found.occluded,
            "units": content,
        }
        save(figure, out, facts)
        plt.close(figure)


def _rows(found: UnitsFile, class_index: int) -> int:
    return int((found.class_index[found.shown_rows] == class_index).sum())


def _plot_row(axes: list[Axes], shown: Shown, line: int, label: str) -> dict:
    """Draw a unit's row, its headline on the first of the axes; return what it shows."""
    found = shown.found
    row = int(found.shown_rows[line])
    facts = {
        "class": label,
        "name": shown.names[label],
        "unit": int(found.unit[row]),
        "rank": int(found.rank[row]),
        "weight": round(float(found.weight[row]), 6),
        "images_of_the_class": int(found.class_images[found.class_index[row]]),
    }
    measures = _measures(shown.measures, facts)
    headline, *axes = axes
    headline.set_axis_off()
    headline.text(0, 0, _headline(facts, measures), va="bottom").set_in_layout(False)
    _plot_field(axes[0], found, line)
    pictures = []
    for k, panel in enumerate(axes[1:]):
        if k >= found.image.shape[1]:
            panel.set_axis_off()
            continue
        index = int(found.image[row, k])
        picture = photograph(shown.root, shown.images, index)
        height, width, _ = picture.shape
        mask = unit_mask(found, line, k, width, height)
        show(panel, darken_outside(picture, mask))
        if mask.any():
            panel.contour(mask, levels=[0.5], colors=MEASURED, linewidths=1)
        _plot_place(panel, found, tuple(found.position[row, k]), width, height)
        of_class = shown.images["label"].iloc[index] == label
        if of_class:
            _frame(panel, width, height)
        pictures.append(
            {
                "image_id": shown.images["image_id"].iloc[index],
                "of_the_class": bool(of_class),
                "activation": round(float(found.activation[row, k]), 6),
            }
        )
    return facts | measures | {"images": pictures}


def _measures(measures: pd.DataFrame, unit: dict) -> dict:
    """Return a unit's purity and the rest as plain values, None where nothing was measured."""
    of_unit = measures[(measures["class"] == unit["class"]) & (measures["rank"] == unit["rank"])]
    of_unit = of_unit.set_index("measure")
    facts = {}
    for key, name in (("purity", PURITY), ("in_box", IN_BOX)):
        there = name in of_unit.index
        columns = ("value", "low", "high", "n", "chance", "max_possible")
        facts[key] = {c: float(of_unit.at[name, c]) for c in columns} if there else None
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


def _plot_field(panel: Axes, found: UnitsFile, line: int) -> None:
    """Draw the receptive field around its middle, over a plane as large as the input."""
    height, width = found.field.size
    panel.set(xlim=(-width / 2, width / 2), ylim=(height / 2, -height / 2), aspect="equal")
    panel.set(xticks=[], yticks=[], facecolor="#808080")
    if found.method == "disc":
        panel.add_patch(patches.Circle((0, 0), DISC * max(found.field.size) / 2, color=MEASURED))
    elif len(found.shifts) > 1:
        change, half = found.drop[line], (found.shifts[1] - found.shifts[0]) / 2
        edges = (found.shifts[0] - half, found.shifts[-1] + half)
        top = max(float(np.nanmax(change)), 1e-12)
        panel.imshow(change, COLOURS, vmin=0, vmax=top, extent=(*edges, *edges[::-1]))
        known = np.nan_to_num(change, nan=0)
        panel.contour(
            *(found.shifts, found.shifts, known),
            levels=[THRESHOLD * top], colors=MEASURED, linewidths=1,
        )  # fmt: skip
        panel.set(xlim=(-width / 2, width / 2), ylim=(height / 2, -height / 2))
    reach = np.array([found.field.x.size, found.field.y.size]) / 2
    edge = np.array([width, height]) / 2
    _dashed(panel, np.maximum(-reach, -edge), np.minimum(reach, edge))


def _dashed(panel: Axes, low: np.ndarray, high: np.ndarray) -> None:
    """Draw the theoretical receptive field from (x, y) ``low`` to ``high``, as far as there is image."""
    panel.add_patch(
        patches.Rectangle(
            low, *(high - low),
            fill=False, edgecolor=THEORETICAL, linewidth=0.8, linestyle="--",
        )
    )  # fmt: skip


def _plot_place(
    panel: Axes, found: UnitsFile, place: tuple[int, int], width: int, height: int
) -> None:
    """Plot the highest activation and the theoretical receptive field, where it is in the image."""
    y, x = found.field.centre(place)
    scale = np.array([width / found.field.size[1], height / found.field.size[0]])
    panel.plot(*(np.array([x, y]) * scale - 0.5), "+", color=PEAK, markersize=5)
    low, high = np.array(found.field.box(place)).reshape(2, 2)
    low, high = (np.clip(edge * scale, 0, (width, height)) - 0.5 for edge in (low, high))
    _dashed(panel, low, high)


def _frame(panel: Axes, width: int, height: int) -> None:
    panel.add_patch(
        patches.Rectangle(
            (-0.5, -0.5), width, height,
            fill=False, edgecolor=TRUTH, linewidth=3, clip_on=False, zorder=0.5,
        )
    )  # fmt: skip


def _legend(figure: Figure, found: UnitsFile, measured: bool) -> None:
    size = found.field.x.size
    reach = f"{size:.0f} px" if size < inf else "everything"
    facts = []
    if found.method == "occlusion":
        facts.append(
            "Left: how far a unit's activation falls with each spot around its peak hidden; grey is"
            " in no image."
        )
    if measured:
        facts.append("In brackets: 95 % intervals.")
    inside = "a 65-px disc (of 227)" if found.method == "disc" else "as measured by occlusion"
    figure.legend(
        handles=[
            patches.Patch(fill=False, edgecolor=MEASURED, label=f"receptive field, {inside}"),
            patches.Patch(
                facecolor="#404040", edgecolor=THEORETICAL, linestyle="--",
                label=f"theoretical: {reach} of an input of {found.field.size[1]} px",
            ),
            lines.Line2D([], [], marker="+", color=PEAK, linestyle="", label="highest activation"),
            patches.Patch(fill=False, edgecolor=TRUTH, linewidth=3, label="image of the class"),
        ],
        loc="outside lower center", ncols=2, frameon=False,
        title=" ".join(facts),
    )  # fmt: skip
