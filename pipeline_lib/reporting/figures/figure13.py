"""Figure 13: the units that a class relies on, in the images that activate them most."""

from dataclasses import dataclass
from math import inf
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from matplotlib import patches
from matplotlib.lines import Line2D

from pipeline_lib.data.classes import short_name
from pipeline_lib.data.manifest import read_images
from pipeline_lib.data.photographs import root_folder
from pipeline_lib.reporting.figures.alt import listed
from pipeline_lib.reporting.figures.pictures import STYLE, judged, photograph, save, shrunk
from pipeline_lib.reporting.figures.sheet import GAP, MARGIN, SIZE, Cell, Line, Sheet
from pipeline_lib.reporting.figures.unit_fields import (
    MEASURED,
    PEAK,
    THEORETICAL,
    plot_field,
    plot_place,
)
from pipeline_lib.reporting.inputs import Inputs
from pipeline_lib.units.masks import fade_outside, unit_mask
from pipeline_lib.units.measures import IN_BOX, PURITY, read_unit_measures
from pipeline_lib.units.units_file import UnitsFile, read_units


@dataclass(frozen=True)
class Content:
    """What the figure shows: the units, their measures, the images, their folder and class names."""

    units: UnitsFile
    measures: pd.DataFrame
    images: pd.DataFrame
    root: Path
    names: dict[str, str]


@dataclass(frozen=True)
class _Picture:
    """An image of a unit: (H, W, 3) uint8, the (H, W) mask of the unit's receptive field in it."""

    picture: np.ndarray
    mask: np.ndarray
    position: tuple[int, int]
    image_id: str
    of_class: bool
    activation: float


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
    entries, rows = [], []
    for line in range(len(units.shown_rows)):
        rows.append([_picture(content, line, k) for k in range(_images_shown(units))])
        entries.append(_entry(content, line, rows[-1]))
    shared = _shared(entries)
    with matplotlib.rc_context(STYLE):
        sheet = Sheet()
        places = sheet.cells(1 + _images_shown(units))
        shown_class = None
        for line, (entry, pictures) in enumerate(zip(entries, rows, strict=True)):
            if entry["class"] != shown_class:
                shown_class = entry["class"]
                sheet.top += GAP
                name = short_name(content.names, shown_class)
                sheet.paragraph(name, bold=True, size=SIZE + 2, lines=2)
            headline = _headline(entry, entry, shared.get(entry["unit"], []), content.names)
            top = sheet.write(Line(headline, lines=3), MARGIN, sheet.top + GAP, sheet.room)
            sheet.top = top + GAP / 2
            _plot_row(sheet, units, line, pictures, places)
        _legend(sheet, units, entries)
        facts = {
            "network": units.name,
            "method": units.method,
            "theoretical_field": units.field.x.size if units.field.x.size < inf else None,
            "input": list(units.field.size),
            "occluder": units.occluder,
            "occluded_images": units.occluded,
            "units": entries,
        }
        save(sheet.finish(), out, facts, _alt(facts, shared, content.names))


def _images_shown(units: UnitsFile) -> int:
    return min(units.maps.shape[1], units.image.shape[1])


def _picture(content: Content, line: int, k: int) -> _Picture:
    """Read the ``k``-th image of a shown unit, and find the unit's receptive field in it."""
    units = content.units
    row = int(units.shown_rows[line])
    index = int(units.image[row, k])
    picture = shrunk(photograph(content.root, content.images, index))
    height, width, _ = picture.shape
    return _Picture(
        picture=picture,
        mask=unit_mask(units, line, k, width, height),
        position=tuple(units.position[row, k]),
        image_id=content.images["image_id"].iloc[index],
        of_class=content.images["label"].iloc[index] == units.class_labels[units.class_index[row]],
        activation=round(float(units.activation[row, k]), 6),
    )


def _entry(content: Content, line: int, pictures: list[_Picture]) -> dict:
    """Return what a unit's row shows, as plain values."""
    units = content.units
    row = int(units.shown_rows[line])
    label = units.class_labels[units.class_index[row]]
    facts = {
        "class": label,
        "name": content.names[label],
        "unit": int(units.unit[row]),
        "rank": int(units.rank[row]),
        "weight": round(float(units.weight[row]), 6),
        "images_of_the_class": int(units.class_images[units.class_index[row]]),
    }
    images = [
        {
            "image_id": each.image_id,
            "of_the_class": bool(each.of_class),
            "activation": each.activation,
        }
        for each in pictures
    ]
    return facts | _measures(content.measures, facts) | {"images": images}


def _shared(entries: list[dict]) -> dict[int, list[str]]:
    """Return the classes of each unit that is shown for several."""
    classes: dict[int, list[str]] = {}
    for entry in entries:
        classes.setdefault(entry["unit"], []).append(entry["class"])
    return {unit: labels for unit, labels in classes.items() if len(labels) > 1}


def _plot_row(
    sheet: Sheet,
    units: UnitsFile,
    line: int,
    pictures: list[_Picture],
    places: list[tuple[float, float]],
) -> None:
    """Plot a unit's field, then its images, dimmed outside of the field."""
    square = np.full((*units.field.size, 3), 128, np.uint8)
    cells = [Cell(square)]
    for each in pictures:
        below = judged("of the class" if each.of_class else "of another", each.of_class)
        cells.append(Cell(fade_outside(each.picture, each.mask), below=[below]))
    field, *panels = sheet.row(cells, places)
    plot_field(field, units, line)
    for panel, each in zip(panels, pictures, strict=True):
        height, width, _ = each.picture.shape
        if each.mask.any():
            for colour, wide in (("black", 2.4), (MEASURED, 1.2)):
                panel.contour(each.mask, levels=[0.5], colors=colour, linewidths=wide)
        plot_place(panel, units, each.position, width, height)


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


def _headline(unit: dict, measures: dict, classes: list[str], names: dict[str, str]) -> str:
    parts = [f"unit {unit['unit']}, rank {unit['rank']}, weight {unit['weight']:.2f}"]
    pure, located = measures["purity"], measures["in_box"]
    if not unit["images_of_the_class"]:
        parts.append("no purity: none of the images is of the class")
    if pure is not None:
        text = (
            f"of the class: {pure['value']:.0f} % of {pure['n']:.0f} images "
            f"({pure['low']:.0f} to {pure['high']:.0f}), chance {pure['chance']:.1f}"
        )
        if pure["max_possible"] < 100:  # the class has fewer images
            text += f", at most {pure['max_possible']:.0f}"
        parts.append(text)
    if located is not None:
        parts.append(f"peak on it: {located['value']:.0f} %, chance {located['chance']:.0f}")
    others = [short_name(names, label) for label in classes if label != unit["class"]]
    if others:
        parts.append(f"the same unit as in {listed(others)}")
    return " | ".join(parts)


def _legend(sheet: Sheet, units: UnitsFile, entries: list[dict]) -> None:
    size = units.field.x.size
    reach = f"{size:.0f} px" if size < inf else "everything"
    inside = "a 65-px disc (of 227)" if units.method == "disc" else "as measured by occlusion"
    sheet.legend(
        [
            Line2D([], [], color=MEASURED, label=f"receptive field, {inside}"),
            patches.Patch(
                facecolor="0.45", edgecolor=THEORETICAL, linestyle="--",
                label=f"theoretical: {reach} of an input of {units.field.size[1]} px",
            ),
            Line2D([], [], marker="+", color=PEAK, linestyle="", label="highest activation"),
        ]
    )  # fmt: skip
    pictures, images = _counts(entries)
    facts = [
        f"{pictures} pictures of {images} different images, grey outside of the receptive field."
    ]
    if units.method == "occlusion":
        facts.append(
            "Left: how far a unit's activation falls when each place around its peak is hidden, from "
            "not at all (dark blue) to most (dark red); plain grey: outside all images."
        )
    if any(unit["purity"] for unit in entries):
        facts.append("In brackets: 95 % intervals.")
    sheet.caption(" ".join(facts))


def _counts(entries: list[dict]) -> tuple[int, int]:
    """Return how many pictures there are, and how many different images they show."""
    names = [image["image_id"] for entry in entries for image in entry["images"]]
    return len(names), len(set(names))


def _alt(facts: dict, shared: dict[int, list[str]], names: dict[str, str]) -> str:
    classes: dict[str, list[dict]] = {}
    for unit in facts["units"]:
        classes.setdefault(unit["class"], []).append(unit)
    found = []
    for label, units in classes.items():
        pictures = [image for unit in units for image in unit["images"]]
        right = sum(image["of_the_class"] for image in pictures)
        numbers = listed(str(unit["unit"]) for unit in units)
        name = short_name(names, label)
        found.append(f"{name}, units {numbers}, {right} of {len(pictures)} images of the class")
    pictures, images = _counts(facts["units"])
    several = f" Units {listed(map(str, shared))} are shown for several classes." if shared else ""
    return (
        f"Units of {facts['network']}, a row each, in the images that activate them most, the receptive "
        f"field in colour: {'; '.join(found)}. The {pictures} pictures are of {images} different "
        f"images.{several}"
    )
