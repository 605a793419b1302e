"""The error of the paper's box method at every box threshold."""

from pathlib import Path

import matplotlib
import pandas as pd
from matplotlib import pyplot as plt

from pipeline_lib.data.manifest import read_csv
from pipeline_lib.evaluation.ilsvrc import TOP_1
from pipeline_lib.evaluation.sweep import CURVE_COLUMNS, SCORED, chosen_threshold
from pipeline_lib.localization import authors_box
from pipeline_lib.reporting.figures.pictures import STYLE, save
from pipeline_lib.reporting.inputs import Inputs
from pipeline_lib.reporting.tables.describe import percent
from pipeline_lib.reporting.tables.table import paper_numbers


def plot_from(inputs: Inputs, out: Path) -> None:
    """Plot the figure from the role curves, a file per network or baseline."""
    curves = [read_csv(path, CURVE_COLUMNS) for path in inputs.paths("curves")]
    plot(pd.concat(curves, ignore_index=True), out)


def plot(curves: pd.DataFrame, out: Path) -> None:
    """Plot and write the figure: a line per network or baseline, its chosen threshold marked.

    ``curves`` has ``CURVE_COLUMNS``. The lines are top-1 localization errors of the scored images; the
    thresholds were chosen on the held-out images, so a mark need not be at its line's minimum.
    """
    content, paper, authors = [], paper_numbers()["box_threshold"], authors_box.THRESHOLDS[0]
    scored = curves[(curves["subset"] == SCORED) & (curves["metric"] == TOP_1)]
    with matplotlib.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(10, 5), layout="constrained")
        colours = matplotlib.colormaps["tab10"].colors
        for number, (name, line) in enumerate(scored.groupby("row", sort=False)):
            line = line.set_index("threshold")["error"]
            chosen = chosen_threshold(curves[curves["row"] == name])
            gradient = name.startswith("Backprop")
            style = {"color": colours[number % 10], "linestyle": "--" if gradient else "-"}
            axes.plot(100 * line.index, line, label=name, linewidth=1.5, **style)
            axes.plot(100 * chosen, line[chosen], "o", color=style["color"], markersize=6)
            content.append(
                {"row": name, "threshold": chosen, "error": round(float(line[chosen]), 4)}
            )
        for value, style, label in (
            (paper, ":", f"the paper's {percent(paper)}"),
            (authors / 255, "-.", f"the authors' {authors}/255"),
        ):
            axes.axvline(100 * value, color="0.35", linestyle=style, linewidth=1, label=label)
        axes.plot([], [], "o", color="0.35", label="chosen on held-out images")
        axes.set_xlabel("threshold (% of the map's maximum)")
        axes.set_ylabel("localization top-1 error (%)")
        axes.set_xlim(0, 100)
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
        figure.legend(loc="outside right upper", frameon=False)
        if scored.empty:
            figure.suptitle("too few images with true boxes: nothing to show")
        save(figure, out, {"metric": TOP_1, "subset": SCORED, "rows": content})
        plt.close(figure)
