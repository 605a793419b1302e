"""How much of a network's maps is left as its layers are randomized, a line a method."""

from collections.abc import Mapping
from pathlib import Path

import matplotlib
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from pipeline_lib.data.manifest import read_file_settings
from pipeline_lib.evaluation.randomized_table import MEASURES, read_agreement
from pipeline_lib.reporting.figures.alt import counted, listed
from pipeline_lib.reporting.figures.pictures import STYLE, save
from pipeline_lib.reporting.figures.sheet import GAP, Line, Sheet
from pipeline_lib.reporting.inputs import Inputs

NAMES = {"cam": "CAM", "grad-cam": "Grad-CAM", "backprop": "backprop"}
DISPUTE = (
    "It is disputed what this test (Adebayo et al. 2018) says. Its result depends on the task (Yona and "
    "Greenfeld 2021); noise without information passes it, and random layers keep the scale of the maps "
    "below them (Binder et al. 2023). Alone, it does not decide which method is better."
)
_HEIGHT, _TICKS = 2.6, 0.45  # inches: a panel's height, the room before the first one
_MOST_TICKS = 15
# Nearly Okabe and Ito's colours, for any colour vision; each method has a mark of its own besides.
LOOKS = (
    ("#0072b2", "o", "-"),
    ("#d55e00", "s", "--"),
    ("#2bb58a", "^", "-."),
    ("#000000", "D", ":"),
    ("#cc79a7", "v", "-"),
    ("#e69f00", "P", "--"),
)


def plot_from(inputs: Inputs, out: Path) -> None:
    """Plot the figure from the role agreement, the table of one network."""
    path = inputs.path("agreement")
    plot(read_agreement(path), read_file_settings(path), out)


def plot(table: pd.DataFrame, settings: Mapping[str, object], out: Path) -> None:
    """Plot and write the figure: a panel for each measure, with a line and its interval a method.

    ``table`` has RANDOMIZED_COLUMNS. Stage 0 is the trained network, which agrees with itself.
    ``settings`` are those of the file: how many of the images are classified ``right``.
    """
    measured = table[table["n"] > 0]
    methods = list(dict.fromkeys(measured["method"]))
    known = list(dict.fromkeys([*NAMES, *methods]))  # a method looks the same in every study
    looks = {method: LOOKS[known.index(method) % len(LOOKS)] for method in methods}
    lines = [_facts(measured, method, measure) for measure in MEASURES for method in methods]
    absent = table[table["n"] == 0]
    left_out = {
        row.method: row.note for row in absent[~absent["method"].isin(methods)].itertuples()
    }
    layers = list(dict.fromkeys(measured["layer"]))
    with matplotlib.rc_context(STYLE):
        sheet = Sheet()
        if methods:
            _panels(sheet, lines, looks)
        else:
            sheet.paragraph("no method has maps of these images: nothing to show")
        for words in _sentences(table, settings, layers, left_out):
            sheet.paragraph(words, lines=6)
        facts = {
            "network": table["row"].iloc[0] if len(table) else "",
            "images": settings.get("images", []),
            "right": settings.get("right"),
            "layers": layers,
            "lines": lines,
            "left_out": left_out,
        }
        save(sheet.finish(), out, facts, _alt(facts))


def _facts(measured: pd.DataFrame, method: str, measure: str) -> dict:
    """Return a line of the figure as plain values, stage 0 left out."""
    rows = measured[(measured["method"] == method) & (measured["measure"] == measure)]
    rows = rows.sort_values("stage")
    numbers = {key: rows[key].round(4).tolist() for key in ("stage", "mean", "low", "high")}
    return {"method": method, "measure": measure, "n": int(rows["n"].iloc[0])} | numbers


def _panels(sheet: Sheet, lines: list[dict], looks: Mapping[str, tuple[str, str, str]]) -> None:
    places = sheet.cells(len(MEASURES), left=_TICKS)
    tops = [
        sheet.write(Line(f"{measure} with the trained network's map", bold=True), left, sheet.top,
                    width, "center")
        for measure, (left, width) in zip(MEASURES, places, strict=True)
    ]  # fmt: skip
    lowest = min(min(line["low"]) for line in lines)  # both panels have the scale of the first
    for k, (measure, (left, width)) in enumerate(zip(MEASURES, places, strict=True)):
        axes = sheet.axes(left, max(tops) + GAP, width, _HEIGHT)
        _panel(axes, [line for line in lines if line["measure"] == measure], looks)
        axes.set_ylim(min(-0.25, lowest - 0.05), 1.05)
        if k:
            axes.tick_params(labelleft=False)
    sheet.top = max(tops) + GAP + _HEIGHT + 3 * GAP
    sheet.caption("across: stage, 0 the trained network, then its layers randomized from the top")
    handles = [
        Line2D([], [], color=colour, marker=mark, linestyle=style, label=NAMES.get(method, method))
        for method, (colour, mark, style) in looks.items()
    ]
    sheet.legend(handles)


def _panel(axes: Axes, lines: list[dict], looks: Mapping[str, tuple[str, str, str]]) -> None:
    """Plot the lines of one measure, each with its interval."""
    for line in lines:
        colour, mark, style = looks[line["method"]]
        stages = [0, *line["stage"]]
        axes.plot(stages, [1, *line["mean"]], color=colour, marker=mark, linestyle=style)
        axes.fill_between(
            stages, [1, *line["low"]], [1, *line["high"]], color=colour, alpha=0.18, linewidth=0
        )
    last = max(lines[0]["stage"])
    axes.axhline(0, color="0.35", linewidth=0.8)
    axes.set_xticks(range(0, last + 1, -(-last // _MOST_TICKS)))
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)


def _sentences(
    table: pd.DataFrame,
    settings: Mapping[str, object],
    layers: list[str],
    left_out: Mapping[str, str],
) -> list[str]:
    """Return the paragraphs below the panels."""
    count, right = len(settings.get("images", [])), settings.get("right")
    name = table["row"].iloc[0] if len(table) else ""
    first = f"{name}, {counted(count, 'image')}"
    first += "" if right is None else f", {right} of them classified correctly"
    numbered = ", ".join(f"{k}:{layer}" for k, layer in enumerate(layers, start=1))
    paragraphs = [f"{first}. Shaded: 95 % intervals over images, of one draw of weights."]
    if layers:
        paragraphs.append(f"Randomized down to, by stage: {numbered}.")
    for method, reason in left_out.items():
        paragraphs.append(f"Without {NAMES.get(method, method)}: {reason}.")
    return [*paragraphs, DISPUTE]


def _alt(facts: dict) -> str:
    if not facts["lines"]:
        return "No picture: no method has maps of these images."
    found = []
    for measure in MEASURES:
        ends = listed(
            f"{NAMES.get(line['method'], line['method'])} {line['mean'][0]:.2f} and "
            f"{line['mean'][-1]:.2f}"
            for line in facts["lines"]
            if line["measure"] == measure
        )
        found.append(f"{measure}: {ends}")
    stages = len(facts["layers"])
    return (
        f"Two panels of how alike the maps of {facts['network']} stay to those of the trained network "
        f"as its layers are randomized in {counted(stages, 'stage')}. After the first and the last "
        f"stage, {'; '.join(found)}."
    )
