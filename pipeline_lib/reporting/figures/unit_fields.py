"""The receptive field of a unit: as occlusion measures it, and where it lies in an image."""

import numpy as np
from matplotlib import patches
from matplotlib.axes import Axes

from pipeline_lib.reporting.figures.sheet import COLOURS
from pipeline_lib.units.masks import DISC, THRESHOLD
from pipeline_lib.units.units_file import UnitsFile

MEASURED, THEORETICAL, PEAK = "#ffd000", "#ffffff", "#ff2020"


def plot_field(panel: Axes, units: UnitsFile, line: int) -> None:
    """Plot the receptive field of shown row ``line`` around its centre, over a picture of plain grey.

    The panel becomes as large as the input.
    """
    height, width = units.field.size
    panel.images[0].set_extent((-width / 2, width / 2, height / 2, -height / 2))
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


def plot_place(
    panel: Axes, units: UnitsFile, place: tuple[int, int], width: int, height: int
) -> None:
    """Plot the highest activation and the theoretical receptive field, where it is in the image."""
    y, x = units.field.centre(place)
    scale = np.array([width / units.field.size[1], height / units.field.size[0]])
    panel.plot(*(np.array([x, y]) * scale - 0.5), "+", color=PEAK, markersize=5)
    low, high = np.array(units.field.box(place)).reshape(2, 2)
    low, high = (np.clip(edge * scale, 0, (width, height)) - 0.5 for edge in (low, high))
    _dashed(panel, low, high)
