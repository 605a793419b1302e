"""The error of the paper's box method at every box threshold."""

from pathlib import Path

import matplotlib
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from pipeline_lib.data.manifest import read_csv
from pipeline_lib.evaluation.ilsvrc import TOP_1
from pipeline_lib.evaluation.sweep import CURVE_COLUMNS, SCORED, chosen_threshold
from pipeline_lib.localization import authors_box
from pipeline_lib.reporting.figures.alt import counted, listed
from pipeline_lib.reporting.figures.pictures import STYLE, save
from pipeline_lib.reporting.figures.sheet import GAP, Line, Sheet
from pipeline_lib.reporting.inputs import Inputs
from pipeline_lib.reporting.tables.describe import percent
from pipeline_lib.reporting.tables.table import paper_numbers

COLUMNS = 4
_HEIGHT, _TICKS = 1.9, 0.45  # inches: a panel's height, the room before the first one
_AXES = (
    "across: threshold, % of the map's maximum; up: localization top-1 error, %; in the corner: "
    "the error at the chosen threshold"
)
_OWN, _OTHERS = "#0b4f9e", "#c4c4c4"


def plot_from(inputs: Inputs, out: Path) -> None:
    """Plot the figure from the role curves, a file per network or baseline."""
    curves = [read_csv(path, CURVE_COLUMNS) for path in inputs.paths("curves")]
    plot(pd.concat(curves, ignore_index=True), out)


def plot(curves: pd.DataFrame, out: Path) -> None:
    """Plot and write the figure: a panel per network or baseline, its chosen threshold marked.

    ``curves`` has ``CURVE_COLUMNS``. The lines are top-1 localization errors of the scored images; the
    thresholds were chosen on the held-out images, so a mark need not be at its line's minimum. A panel
    has the other lines too, in grey: of any number of lines, each can be told from the others.
    """
    scored = curves[(curves["subset"] == SCORED) & (curves["metric"] == TOP_1)]
    lines = {
        name: line.set_index("threshold")["error"]
        for name, line in scored.groupby("row", sort=False)
    }
    content = []
    for name, line in lines.items():
        chosen = chosen_threshold(curves[curves["row"] == name])
        content.append({"row": name, "threshold": chosen, "error": round(float(line[chosen]), 4)})
    with matplotlib.rc_context(STYLE):
        sheet = Sheet()
        places = sheet.cells(COLUMNS, left=_TICKS)
        for start in range(0, len(content), COLUMNS):
            panels = list(zip(content[start : start + COLUMNS], places, strict=False))
            tops = [
                sheet.write(Line(entry["row"], bold=True), *_below(sheet, place), align="center")
                for entry, place in panels
            ]
            for entry, (left, width) in panels:
                axes = sheet.axes(left, max(tops) + GAP, width, _HEIGHT)
                _panel(axes, lines, entry)
                if left > places[0][0]:
                    axes.tick_params(labelleft=False)
                if content.index(entry) + COLUMNS < len(content):
                    axes.tick_params(labelbottom=False)
            sheet.top = max(tops) + GAP + _HEIGHT + 2 * GAP
        if content:
            sheet.top += GAP
            sheet.caption(_AXES)
            sheet.legend(_handles())
        else:
            sheet.paragraph("too few images with true boxes: nothing to show")
        facts = {"metric": TOP_1, "subset": SCORED, "rows": content}
        save(sheet.finish(), out, facts, _alt(content))


def _below(sheet: Sheet, place: tuple[float, float]) -> tuple[float, float, float]:
    left, width = place
    return left, sheet.top, width


def _panel(axes: Axes, lines: dict[str, pd.Series], entry: dict) -> None:
    """Plot all lines, that of ``entry`` in front, with its mark and the two fixed thresholds."""
    for name, line in lines.items():
        if name != entry["row"]:
            axes.plot(100 * line.index, line, color=_OTHERS, linewidth=0.8)
    for value, style, _ in _fixed():
        axes.axvline(100 * value, color="0.35", linestyle=style, linewidth=1)
    line = lines[entry["row"]]
    axes.plot(100 * line.index, line, color=_OWN, linewidth=2.2)
    x, y = 100 * entry["threshold"], entry["error"]
    axes.plot(x, y, "o", color=_OWN, markersize=6)
    axes.text(
        0.97, 0.05, f"{entry['error']:.1f} at {percent(entry['threshold'])}", ha="right",
        transform=axes.transAxes, fontweight="bold", color=_OWN,
    )  # fmt: skip
    lowest = min(float(other.min()) for other in lines.values())
    axes.set(xlim=(0, 100), ylim=(lowest - 12, 101), xticks=range(0, 100, 20))
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)


def _fixed() -> list[tuple[float, str, str]]:
    """Return the two fixed thresholds, each with the style of its line and its name."""
    paper, authors = paper_numbers()["box_threshold"], authors_box.THRESHOLDS[0]
    return [
        (paper, ":", f"the paper's {percent(paper)}"),
        (authors / 255, "-.", f"the authors' {authors}/255"),
    ]


def _handles() -> list[Line2D]:
    return [
        Line2D([], [], color=_OWN, linewidth=2.2, label="the panel's line"),
        Line2D([], [], color=_OTHERS, linewidth=1.2, label="the other lines"),
        Line2D([], [], color=_OWN, marker="o", linestyle="", label="chosen on held-out images"),
        *(
            Line2D([], [], color="0.35", linestyle=style, label=label)
            for _, style, label in _fixed()
        ),
    ]


def _alt(content: list[dict]) -> str:
    if not content:
        return "No picture: too few images with true boxes."
    ranked = sorted(content, key=lambda entry: entry["error"])
    named = listed(
        f"{entry['row']} {entry['error']:.1f} % at {percent(entry['threshold'])}"
        for entry in ranked
    )
    return (
        f"{counted(len(content), 'panel')} of localization top-1 error over the box threshold from 0 to "
        f"100 %. At the chosen thresholds, lowest error first: {named}."
    )
