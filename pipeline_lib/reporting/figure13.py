"""Figure 13: the units that classes rest on, and what they look at in the images they fire for."""

import textwrap
from pathlib import Path

import h5py
import matplotlib
import numpy as np
import pandas as pd
from matplotlib import patches
from matplotlib import pyplot as plt

from pipeline_lib.common.images import open_rgb, warp
from pipeline_lib.reporting.pictures import FOUND, STYLE, TRUTH, label_row, save
from pipeline_lib.units.measure import ALL

BACKGROUND = 0.2  # what is not looked at is darkened to this part (protocol, section 6)
THEORY = "#ffffff"


def draw(
    units: pd.DataFrame, by_image: pd.DataFrame, images: pd.DataFrame, masks: Path, root: Path,
    out: Path,
) -> None:  # fmt: skip
    """Draw and write the figure: for each class a row a unit, its top images cut out by its field.

    ``masks`` is the .h5 that ``find_units`` wrote. The theoretical field is drawn as a thin square, if
    it is known. The JSON has the units, their numbers and what is shown.
    """
    shown = by_image[by_image["shown"]]
    rows = units[units["unit"] != ALL]
    paths = images.set_index("image_id")["path"]
    columns = int(shown.groupby(["label", "unit"]).size().max())
    with h5py.File(masks) as file, matplotlib.rc_context(STYLE | {"axes.titley": 1.0}):
        side, size = int(file.attrs["side"]), float(file.attrs["size"])
        figure, grid = plt.subplots(
            len(rows), columns + 1, squeeze=False, layout="constrained",
            figsize=(1.5 * columns + 3.3, 1.62 * len(rows) + 1.2),
            gridspec_kw={"width_ratios": [1.9, *[1.0] * columns]},
        )  # fmt: skip
        for axes in grid.ravel():
            axes.set_axis_off()
        figure.suptitle(_heading(units, file.attrs, len(images)), x=0.01, ha="left")
        for line, unit in zip(grid, rows.itertuples(), strict=True):
            if unit.place == 1:
                label_row(line[0], textwrap.fill(units.loc[unit.Index, "class"], 16))
            _numbers(line[0], unit)
            group = file[str(unit.unit)]
            top = shown[(shown["label"] == unit.label) & (shown["unit"] == unit.unit)]
            for number, (axes, row) in enumerate(zip(line[1:], top.itertuples(), strict=False)):
                picture = warp(open_rgb(root / paths[row.image_id]), side, side)
                axes.imshow(_cut_out(picture, group["masks"][number]))
                axes.set_xlim(-0.5, side - 0.5)
                axes.set_ylim(side - 0.5, -0.5)
                colour = TRUTH if row.purely else FOUND
                axes.set_title(f"{row.activation:.2g}", pad=2, color=colour)
                if not file.attrs["clipped"]:
                    x, y = group["centres"][number]
                    square = (x - size / 2 - 0.5, y - size / 2 - 0.5)
                    axes.add_patch(
                        patches.Rectangle(square, size, size, fill=False, ec=THEORY, lw=0.8)
                    )
        figure.legend(handles=_legend(bool(file.attrs["clipped"])), loc="outside lower center",
                      ncols=3, frameon=False)  # fmt: skip
        content = {
            "network": str(file.attrs["name"]),
            "method": str(file.attrs["method"]),
            "theoretical_field": None if file.attrs["clipped"] else size,
            "input": side,
            "units": _plain(units),
            "images": _plain(shown),
        }
        save(figure, out, content)
        plt.close(figure)


def _cut_out(picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Darken what a (side, side) bool mask leaves out of a (side, side, 3) picture."""
    return (picture * np.where(mask, 1.0, BACKGROUND)[..., None]).astype(np.uint8)


def _heading(units: pd.DataFrame, attributes: h5py.AttributeManager, images: int) -> str:
    every = units[units["unit"] == ALL].iloc[0]
    size, side = float(attributes["size"]), int(attributes["side"])
    field = (
        f"at least all of its {side} pixels of input"
        if attributes["clipped"]
        else f"{size:.0f} pixels; its input has {side}"
    )
    lines = [
        f"{attributes['name']}: the units of largest weight of {units['label'].nunique() - 1} classes, "
        f"in those of {images:,} images in which they fire most.",
        f"Theoretical receptive field: {field}. What is bright is the measured one "
        f"({attributes['method']}).",
        f"Top images that show the class: {every.purity:.0%} [{every.low:.0%}, {every.high:.0%}], by "
        f"chance {every.chance:.1%}.",
    ]
    if every.boxed:
        lines[-1] += (
            f" Highest activation in its box: {every.inside:.0%} [{every.inside_low:.0%}, "
            f"{every.inside_high:.0%}], by chance {every.area:.0%}."
        )
    return "\n".join(lines)


def _numbers(axes: plt.Axes, unit: tuple) -> None:
    text = (
        f"unit {unit.unit}\nweight {unit.weight:.2f}, no. {unit.place}\n"
        f"shows the class: {unit.purity:.0%}\n[{unit.low:.0%}, {unit.high:.0%}] of {unit.n}"
    )
    if unit.boxed:
        text += f"\nin its box: {unit.inside:.0%} of {unit.boxed}"
    axes.text(0.08, 0.5, text, transform=axes.transAxes, va="center", linespacing=1.35, fontsize=8)


def _legend(clipped: bool) -> list[patches.Patch]:
    theory = [] if clipped else [
        patches.Patch(fill=False, edgecolor="#777777", linewidth=0.8, label="theoretical field"),
    ]  # fmt: skip
    return [
        *theory,
        patches.Patch(color=TRUTH, label="activation in an image of the class"),
        patches.Patch(color=FOUND, label="in another image"),
    ]


def _plain(table: pd.DataFrame) -> list[dict]:
    """A table's rows as plain values; what was not measured is null."""
    return table.astype(object).where(table.notna(), None).to_dict("records")
