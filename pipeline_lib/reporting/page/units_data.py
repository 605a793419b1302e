"""What the page says of the units that classes rely on, as plain values: measures and crops."""

from collections.abc import Mapping
from math import inf
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline_lib.data.classes import short_name
from pipeline_lib.reporting.page.thumbnails import open_image, thumbnail
from pipeline_lib.units.masks import unit_mask
from pipeline_lib.units.measures import IN_BOX, PURITY
from pipeline_lib.units.units_file import UnitsFile

SIDE = 96  # pixels of a crop
PICTURES = 300  # at most, in all
MARGIN = 0.25  # of a measured field's width and height, on each side of a crop
OUTSIDE = 0.5  # brightness of what is outside the measured field
PICTURE_RULE = (
    f"Crops are shown for whole classes, up to {PICTURES} crops in all: first the classes that "
    "Figure 13 shows, then the others in the network's order."
)
_MEASURE = ("value", "low", "high", "n", "chance", "max_possible")


def units_data(
    units: UnitsFile,
    measures: pd.DataFrame,
    images: pd.DataFrame,
    names: Mapping[str, str],
    root: Path,
    table: str,
) -> dict:
    """Return the JSON object that ``page.units`` shows.

    ``measures`` is the table of ``measure_units``, ``images`` the manifest of the images below ``root``,
    ``names`` the classes' names by label; ``table`` is the name of the measures, which starts the ids of
    its elements.
    """
    shown_first = units.class_index[units.shown_rows].tolist()
    order = list(dict.fromkeys([*shown_first, *units.class_index.tolist()]))
    rows_of = {index: np.flatnonzero(units.class_index == index) for index in order}
    each = min(units.maps.shape[1], units.image.shape[1])
    by_unit = dict(list(measures.groupby(["class", "rank"])))
    left, classes = PICTURES, []
    for index in order:
        label, count = units.class_labels[index], each * len(rows_of[index])
        with_pictures = count <= left or left == PICTURES
        left = left - count if with_pictures else 0
        found = []
        for row in rows_of[index]:
            measured = by_unit.get((label, int(units.rank[row])))
            shown = range(each if with_pictures else 0)
            found.append(
                {
                    "unit": int(units.unit[row]),
                    "rank": int(units.rank[row]),
                    "weight": round(float(units.weight[row]), 4),
                    "purity": _measure(measured, PURITY),
                    "in_box": _measure(measured, IN_BOX),
                    "pictures": [_picture(units, int(row), k, images, names, root) for k in shown],
                }
            )
        entry = {"label": label, "name": short_name(names, label)}
        classes.append(entry | {"images": int(units.class_images[index]), "units": found})
    return {
        "table": table,
        "network": units.name,
        "method": units.method,
        "input": units.field.size[1],
        "field": units.field.x.size if units.field.x.size < inf else None,
        "picture_rule": PICTURE_RULE,
        "classes": classes,
    }


def _measure(measured: pd.DataFrame | None, name: str) -> dict | None:
    """Return a measure of a unit in percent, None where it was not measured."""
    if measured is None:
        return None
    rows = measured[measured["measure"] == name]
    return None if rows.empty else {key: float(rows[key].iloc[0]) for key in _MEASURE}


def _picture(
    units: UnitsFile, row: int, k: int, images: pd.DataFrame, names: Mapping[str, str], root: Path
) -> dict:
    index = int(units.image[row, k])
    picture = np.asarray(open_image(images, root, index))
    label = images["label"].iloc[index]
    crop, measured = field_crop(units, row, k, picture)
    return {
        "image_id": images["image_id"].iloc[index],
        "of_class": bool(label == units.class_labels[units.class_index[row]]),
        "label": short_name(names, label) if label else "no label",
        "measured": measured,
        "activation": round(float(units.activation[row, k]), 3),
        "picture": thumbnail(crop, SIDE),
    }


def field_crop(units: UnitsFile, row: int, k: int, picture: np.ndarray) -> tuple[np.ndarray, bool]:
    """Return an (H, W, 3) uint8 image, the ``k``-th of a unit's, cut to the unit's receptive field.

    The second value tells whether the field was measured; then the crop has a margin and is darker
    outside the field. Else it is the theoretical field, as far as it lies in the image.
    """
    height, width, _ = picture.shape
    lines = np.flatnonzero(units.shown_rows == row)
    mask = (
        unit_mask(units, int(lines[0]), k, width, height) if len(lines) else np.zeros((1, 1), bool)
    )
    if mask.any():
        ys, xs = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
        dark = (picture * OUTSIDE).round().astype(np.uint8)
        picture = np.where(mask[..., None], picture, dark)
        x, y = MARGIN * (xs[-1] + 1 - xs[0]), MARGIN * (ys[-1] + 1 - ys[0])
        box = (xs[0] - x, ys[0] - y, xs[-1] + 1 + x, ys[-1] + 1 + y)
    else:
        scale = np.array([width / units.field.size[1], height / units.field.size[0]] * 2)
        box = np.array(units.field.box(tuple(units.position[row, k]))) * scale
    limits = (width, height, width, height)
    x0, y0, x1, y1 = np.clip(np.round(box), 0, limits).astype(int)
    return picture[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)], bool(mask.any())
