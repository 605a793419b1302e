"""Purity: how often what a unit fires for is the class it counts for.

Columns of what is written, rates as parts of 1:

- units: one row a unit of a class, and one of all (unit -1), with the ``weight`` and its ``place``
  among the class's; of the unit's ``n`` top images: ``purity``, the share that show the class, and
  ``chance``, the class's share of all images; of those ``boxed``, that show the class and have boxes:
  ``inside``, the share whose highest activation lies in one, and ``area``, what a random place gets
- images: the top images, where they fire ((x, y) in pixels of the image), what they show; ``shown``
  tells which have a mask
"""

from pathlib import Path

import numpy as np
import pandas as pd

from pipeline_lib.data.manifest import read_csv
from pipeline_lib.evaluation.interval import ratio_interval

UNIT_COLUMNS = (
    *("label", "class", "unit", "place", "weight", "n", "purity", "low", "high", "chance"),
    *("boxed", "inside", "inside_low", "inside_high", "area"),
)
IMAGE_COLUMNS = (
    *("label", "unit", "rank", "image_id", "activation", "x", "y"),
    *("purely", "inside", "area", "shown"),
)
ALL = -1  # stands for all units together
_NUMBERS = ("weight", "purity", "low", "high", "inside", "inside_low", "inside_high", "area")


def read_units(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    """Read either table; what was not measured is NaN. Raises InputError like ``read_csv``."""
    table = read_csv(path, columns)
    for name in _NUMBERS:
        if name in columns:
            table[name] = pd.to_numeric(table[name], errors="coerce")
    return table


def in_a_box(
    x: float, y: float, boxes: np.ndarray, width: float, height: float
) -> tuple[bool, float]:
    """Tell whether a point is in one of (n, 4) half-open boxes, and their share of the image's area."""
    x0, y0, x1, y1 = boxes.T
    inside = bool(((x0 <= x) & (x < x1) & (y0 <= y) & (y < y1)).any())
    mask = np.zeros((round(height), round(width)), bool)
    for box in boxes:
        left, top, right, bottom = np.round(box).astype(int)
        mask[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)] = True
    return inside, float(mask.mean())


def unit_rows(images: pd.DataFrame, units: pd.DataFrame, chance: dict[str, float]) -> pd.DataFrame:
    """Return the units table from the images table; ``chance`` is a class's share of all images.

    ``units`` has label, class, unit, place and weight. Intervals are bootstraps over top images.
    """
    rows = [
        {**unit._asdict(), **_measures(images[_of(images, unit)], chance[unit.label])}
        for unit in units.rename(columns={"class": "name"}).itertuples(index=False)
    ]
    overall = float(np.mean([chance[label] for label in units["label"]]))
    every = {"label": "", "name": "all", "unit": ALL, "place": 0, "weight": np.nan}
    table = pd.DataFrame([*rows, {**every, **_measures(images, overall)}])
    return table.rename(columns={"name": "class"})[list(UNIT_COLUMNS)]


def _of(images: pd.DataFrame, unit: tuple) -> pd.Series:
    return (images["label"] == unit.label) & (images["unit"] == unit.unit)


def _measures(images: pd.DataFrame, chance: float) -> dict[str, float]:
    found = dict(zip(("purity", "low", "high"), _mean(images["purely"]), strict=True))
    boxed = images[images["area"].notna()]
    found |= dict(zip(("inside", "inside_low", "inside_high"), _mean(boxed["inside"]), strict=True))
    area = float(boxed["area"].mean()) if len(boxed) else np.nan
    return found | {"n": len(images), "chance": chance, "boxed": len(boxed), "area": area}


def _mean(values: pd.Series) -> tuple[float, float, float]:
    if not len(values):
        return (np.nan,) * 3
    return ratio_interval(values.to_numpy(float))
