"""Figure 9: scenes, what their class maps highlight, and the objects that are highlighted most."""

from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from pipeline_lib.common.files import read_json
from pipeline_lib.common.polygons import from_text
from pipeline_lib.data.classes import short_name
from pipeline_lib.data.discovery.scenes import POLYGON_COLUMNS
from pipeline_lib.data.manifest import CLASS_COLUMNS, read_csv
from pipeline_lib.discovery.objects import (
    HighlightSettings,
    highest_lift,
    highlight_settings,
    most_frequent,
    most_overlapped,
    overlaps_in_image,
    read_objects,
)
from pipeline_lib.localization.predictions import Predictions
from pipeline_lib.reporting.figures.alt import counted, listed
from pipeline_lib.reporting.figures.pictures import STYLE, explained, photograph, save
from pipeline_lib.reporting.figures.sheet import GAP, LABELLED, SIZE, Cell, Line, Sheet
from pipeline_lib.reporting.figures.wrapping import wrapped
from pipeline_lib.reporting.inputs import Inputs

ROWS, LISTED = 5, 6
_WIDTH = 28  # letters over a picture
LISTS = {
    "frequency": "in most images",
    "overlap": "highlighted in most images",
    "lift": "lift (dotted: as by chance)",
}
CHOICE = (
    "of each category the image that the SVM is most certain and right about; of the categories the "
    "first five of the manifest; what is highlighted plays no part"
)
_NAME, _BARS = 0.85, 1.5  # inches: room for a bar's name, height of a list
_WIDER = 1.25  # an axis, beyond the end of its bars
_COLOURS = {"frequency": "#9aa5b1", "overlap": "#e07b39", "lift": "#3b78a8"}


class Scenes(NamedTuple):
    """What the figure shows: the predictions, the tables of their manifest, and the images' folder."""

    predictions: Predictions
    images: pd.DataFrame
    annotations: pd.DataFrame
    root: Path


class _Row(NamedTuple):
    """A row of the figure: its entry in the JSON, its image, the overlapped objects, the lists."""

    entry: dict
    index: int
    objects: pd.DataFrame
    lists: dict[str, pd.DataFrame]


def choose(predictions: Predictions, category: str) -> int | None:
    """Return the image to show for a category: see ``CHOICE``. None where no image is predicted as it.

    Where no prediction of the category is correct, it is the image with the highest score.
    """
    first = predictions.classes[:, 0]
    predicted = np.array([predictions.label_of(int(index)) == category for index in first])
    right = predicted & (first == predictions.true_class)
    candidates = right if right.any() else predicted
    if not candidates.any():
        return None
    return int(np.argmax(np.where(candidates, predictions.scores[:, 0], -np.inf)))


def plot_from(inputs: Inputs, out: Path) -> None:
    """Plot the figure from the roles objects, scores, predictions, annotations, summary and images.

    The settings of the measurement are read from the table of objects.
    """
    table = read_objects(inputs.path("objects"))
    predictions, images, root = inputs.predicted_set()
    annotations = read_csv(inputs.path("annotations"), POLYGON_COLUMNS)
    settings = highlight_settings(table)
    facts = {
        "network": predictions.name,
        **asdict(settings),
        "svm": read_json(inputs.path("scores")),
        "data": read_json(inputs.path("summary"))["notes"],
    }
    categories = list(read_csv(inputs.path("classes"), CLASS_COLUMNS)["label"])
    scenes = Scenes(predictions, images, annotations, root)
    plot(scenes, table, categories, inputs.names, settings, facts, out)


def plot(
    scenes: Scenes,
    table: pd.DataFrame,
    categories: list[str],
    names: dict[str, str],
    settings: HighlightSettings,
    facts: dict,
    out: Path,
) -> None:
    """Plot and write the figure: a row per category with two pictures and three lists.

    ``table`` is of ``OBJECT_COLUMNS``. The JSON has ``facts`` as they are, and every category.
    """
    present = [category for category in categories if (table["category"] == category).any()]
    content, shown = [], []
    for category in present:
        ours = table[table["category"] == category]
        lists = {
            "frequency": most_frequent(ours, LISTED),
            "overlap": most_overlapped(ours, LISTED),
            "lift": highest_lift(ours, LISTED),
        }
        index = choose(scenes.predictions, category)
        overlapped, objects = _highlighted(scenes, index, settings)
        content.append(_entry(scenes.predictions, index, category, names, ours, overlapped, lists))
        if len(shown) < ROWS:
            shown.append(_Row(content[-1], index, objects, lists))
    with matplotlib.rc_context(STYLE):
        sheet = Sheet()
        pictures, bars = sheet.cells(5, left=LABELLED)[:2], sheet.cells(5, left=LABELLED)[2:]
        bottoms = [
            sheet.write(Line(title, bold=True), left + _NAME, sheet.top, width - _NAME, "center")
            for (left, width), title in zip(bars, LISTS.values(), strict=True)
        ]
        sheet.top = max(bottoms)
        for row in shown:
            _plot_row(sheet, scenes, row, pictures, bars, _scales(shown))
        if shown:
            sheet.caption(
                "In each of the three columns all rows have the same scale. Thin lines: 95 % intervals; "
                "an arrow: it goes on. White outlines: the highlighted objects."
            )
            sheet.colour_bar()
        else:
            sheet.paragraph("no category has an image predicted as it: nothing to show")
        facts = facts | {"choice": CHOICE, "categories": content}
        save(sheet.finish(), out, facts, _alt(content[:ROWS], len(content)))


def _highlighted(
    scenes: Scenes, index: int, settings: HighlightSettings
) -> tuple[list[str], pd.DataFrame]:
    """Return the names of the objects that the highlighted region overlaps, and their rows."""
    image = scenes.images.iloc[index]
    objects = scenes.annotations[scenes.annotations["image_id"] == image["image_id"]]
    size = (int(image["width"]), int(image["height"]))
    overlaps = overlaps_in_image(scenes.predictions, index, objects, size, settings)
    overlapped = [each.name for each in overlaps if each.overlapped]
    return overlapped, objects[objects["name"].isin(overlapped)]


def _entry(
    predictions: Predictions,
    index: int,
    category: str,
    names: dict[str, str],
    ours: pd.DataFrame,
    overlapped: list[str],
    lists: dict[str, pd.DataFrame],
) -> dict:
    return {
        "category": category,
        "name": short_name(names, category),
        "images": int(ours["n"].iloc[0]),
        "image_id": predictions.image_id[index],
        "decision": round(float(predictions.scores[index, 0]), 6),
        "overlapped": overlapped,
        "lists": {
            measure: [
                {
                    "object": entry["object"],
                    "value": round(entry[measure], 4),
                    "low": round(entry[f"{measure}_low"], 4),
                    "high": round(entry[f"{measure}_high"], 4),
                }
                for entry in ranked.to_dict("records")
            ]
            for measure, ranked in lists.items()
        },
    }


def _scales(rows: list[_Row]) -> dict[str, float]:
    """Return the right end of each measure's axis, the same for all rows."""
    ends = {}
    for measure in LISTS:
        numbers = pd.concat([row.lists[measure] for row in rows])
        least = 2.0 if measure == "lift" else 0.5
        top = max([least, *numbers[measure]])
        # The interval of a rare object may be many times as long as all bars.
        ends[measure] = min(max([top, *numbers[f"{measure}_high"].dropna()]), 1.5 * top)
    return ends


def _plot_row(
    sheet: Sheet,
    scenes: Scenes,
    row: _Row,
    pictures: list[tuple[float, float]],
    bars: list[tuple[float, float]],
    scales: dict[str, float],
) -> None:
    """Plot the photograph, the map over it with outlines of the overlapped objects, and the lists."""
    picture = photograph(scenes.root, scenes.images, row.index)
    score = float(scenes.predictions.scores[row.index, 0])
    heat = explained(scenes.predictions, row.index, 1, picture)
    title = _title(list(dict.fromkeys(row.objects["name"])))
    top = sheet.top
    _, mapped = sheet.row(
        [
            Cell(
                picture, [f"decision {score:.2f}, one of {counted(row.entry['images'], 'image')}"]
            ),
            Cell(heat.picture, [Line(title, lines=1)]),
        ],
        pictures,
        row.entry["name"],
    )
    for text in row.objects["polygon"]:
        outline = from_text(text) - 0.5  # pixel 0 of a picture reaches from -0.5 to 0.5
        for colour, width in (("black", 2.4), ("white", 1.2)):
            mapped.fill(*outline.T, fill=False, edgecolor=colour, linewidth=width)
    height, width, _ = picture.shape
    mapped.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))
    for (left, wide), (measure, ranked) in zip(bars, row.lists.items(), strict=True):
        axes = sheet.axes(left + _NAME, top + 0.15, wide - _NAME, _BARS)
        _plot_bars(axes, ranked, measure, scales[measure])
    sheet.top = max(sheet.top, top + _BARS + 0.4) + GAP


def _title(objects: list[str]) -> str:
    """Return as many names as fit over a picture, and the number of the others."""
    listed = objects[:1]
    for name in objects[1:]:
        if len(", ".join([*listed, name])) > _WIDTH:
            break
        listed.append(name)
    more = f" +{len(objects) - len(listed)}" if len(listed) < len(objects) else ""
    return ", ".join(listed) + more if objects else "nothing highlighted"


def _plot_bars(axes: Axes, ranked: pd.DataFrame, measure: str, end: float) -> None:
    """Plot a list as bars up to ``end``, from the top down, each with its name, number and interval."""
    places = np.arange(len(ranked))
    axes.barh(places, ranked[measure], color=_COLOURS[measure], height=0.72)
    highs = ranked[f"{measure}_high"].to_numpy(float)
    axes.hlines(places, ranked[f"{measure}_low"], np.fmin(highs, end), color="#333", lw=0.8)
    cut = highs > end
    axes.plot(np.full(cut.sum(), end), places[cut], ">", color="#333", markersize=3, clip_on=False)
    ends = np.fmin(np.fmax(ranked[measure], highs), end)
    form = "{:.1f}x" if measure == "lift" else "{:.0%}"
    for place, at, value in zip(places, ends, ranked[measure], strict=True):
        axes.annotate(
            form.format(value), (at, place), (4, 0), textcoords="offset points", va="center",
            fontsize=SIZE - 1,
        )  # fmt: skip
    labels = [wrapped(name, _NAME - 0.1, SIZE - 1, lines=1) for name in ranked["object"]]
    axes.set_yticks(places, ["".join(label) for label in labels], fontsize=SIZE - 1)
    axes.set_ylim(LISTED - 0.4, -0.6)
    axes.set_xlim(0, _WIDER * end)  # room for the last number
    ticks = MaxNLocator(4, integer=True).tick_values(0, end) if measure == "lift" else (0, 0.5, 1)
    axes.set_xticks([tick for tick in ticks if tick <= _WIDER * end])
    axes.xaxis.set_major_formatter(lambda x, _: f"{x:.0f}x" if measure == "lift" else f"{x:.0%}")
    axes.tick_params(axis="x", labelsize=SIZE - 2, length=2, pad=1)
    axes.tick_params(axis="y", length=0, pad=2)
    axes.spines[["top", "right"]].set_visible(False)
    if measure == "lift":
        axes.axvline(1, color="#333", linestyle=":", linewidth=1)


def _alt(rows: list[dict], count: int) -> str:
    if not rows:
        return "No picture: no category has an image predicted as it."
    scenes = []
    for row in rows:
        lifts = [
            f"{each['object']} ({each['value']:.1f} times)" for each in row["lists"]["lift"][:2]
        ]
        lifted = listed(lifts) if lifts else "nothing"
        scenes.append(f"{row['name']}: {lifted}")
    return (
        f"{len(rows)} of {counted(count, 'scene category', 'scene categories')}, each an image, its map "
        "and bars of the objects highlighted most. Those with the largest lift: "
        f"{'; '.join(scenes)}."
    )
