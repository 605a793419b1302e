"""Figure 9: scenes, what their class maps highlight, and the objects that are highlighted most."""

from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import matplotlib
import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

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
from pipeline_lib.reporting.figures.pictures import (
    STYLE,
    explained,
    label_row,
    photograph,
    save,
    show,
)
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
_COLOURS = {"frequency": "#9aa5b1", "overlap": "#e07b39", "lift": "#3b78a8"}


class Scenes(NamedTuple):
    """What the figure shows: the predictions, the tables of their manifest, and the images' folder."""

    predictions: Predictions
    images: pd.DataFrame
    annotations: pd.DataFrame
    root: Path


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
    content = []
    with matplotlib.rc_context(STYLE):
        rows = max(min(len(present), ROWS), 1)
        figure, grid = plt.subplots(
            *(rows, 5),
            squeeze=False,
            figsize=(15, 2.6 * rows + 0.4),
            layout="constrained",
            width_ratios=[1, 1, 1.1, 1.1, 1.1],
        )
        figure.get_layout_engine().set(wspace=0.05, hspace=0.05)
        for row, category in enumerate(present):
            ours = table[table["category"] == category]
            lists = {
                "frequency": most_frequent(ours, LISTED),
                "overlap": most_overlapped(ours, LISTED),
                "lift": highest_lift(ours, LISTED),
            }
            index = choose(scenes.predictions, category)
            overlapped, objects = _highlighted(scenes, index, settings)
            content.append(
                _entry(scenes.predictions, index, category, names, ours, overlapped, lists)
            )
            if row < ROWS:
                name, count = short_name(names, category), int(ours["n"].iloc[0])
                _plot_pictures(grid[row, :2], scenes, index, name, count, objects)
                for axes, (measure, ranked) in zip(grid[row, 2:], lists.items(), strict=True):
                    _plot_bars(axes, ranked, measure)
        for axes, title in zip(grid[0, 2:], LISTS.values(), strict=True):
            axes.set_title(title, fontweight="bold")
        save(figure, out, facts | {"choice": CHOICE, "categories": content})
        plt.close(figure)


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


def _plot_pictures(
    pair: np.ndarray, scenes: Scenes, index: int, name: str, count: int, objects: pd.DataFrame
) -> None:
    """Plot the photograph, and the map over it with outlines of the overlapped objects."""
    picture = photograph(scenes.root, scenes.images, index)
    label_row(pair[0], name)
    score = float(scenes.predictions.scores[index, 0])
    show(pair[0], picture, f"decision {score:.2f}, one of {count} images")
    title = _title(list(dict.fromkeys(objects["name"])))
    show(pair[1], explained(scenes.predictions, index, 1, picture), title)
    for text in objects["polygon"]:
        outline = from_text(text) - 0.5  # pixel 0 of a picture reaches from -0.5 to 0.5
        for colour, width in (("black", 2.4), ("white", 1.2)):
            pair[1].fill(*outline.T, fill=False, edgecolor=colour, linewidth=width)
    height, width, _ = picture.shape
    pair[1].set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))


def _title(objects: list[str]) -> str:
    """Return as many names as fit over a picture, and the number of the others."""
    listed = objects[:1]
    for name in objects[1:]:
        if len(", ".join([*listed, name])) > _WIDTH:
            break
        listed.append(name)
    more = f" +{len(objects) - len(listed)}" if len(listed) < len(objects) else ""
    return ", ".join(listed) + more if objects else "nothing highlighted"


def _plot_bars(axes: Axes, ranked: pd.DataFrame, measure: str) -> None:
    """Plot a list as bars, from the top down, each with its name, number and interval."""
    places = np.arange(len(ranked))
    axes.barh(places, ranked[measure], color=_COLOURS[measure], height=0.72)
    axes.hlines(places, ranked[f"{measure}_low"], ranked[f"{measure}_high"], color="#333", lw=0.8)
    ends = np.fmax(ranked[measure], ranked[f"{measure}_high"])
    form = "{:.1f}x" if measure == "lift" else "{:.0%}"
    for place, end, value in zip(places, ends, ranked[measure], strict=True):
        axes.annotate(
            form.format(value), (end, place), (3, 0), textcoords="offset points", va="center"
        )
    axes.set_yticks(places, ranked["object"])
    axes.set_ylim(LISTED - 0.4, -0.6)
    axes.set_xlim(0, 1.25 * max(1.0, float(ends.max()) if len(ends) else 1.0))
    axes.set_xticks([])
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    if measure == "lift":
        axes.axvline(1, color="#333", linestyle=":", linewidth=1)
