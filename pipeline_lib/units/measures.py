"""How class-specific units are: the classes of their top images, and where their peaks are."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline_lib.data.classes import short_name
from pipeline_lib.data.manifest import read_csv
from pipeline_lib.evaluation.ground_truth import CORNERS
from pipeline_lib.evaluation.interval import wilson_interval
from pipeline_lib.evaluation.transfer import Outcomes, summarise
from pipeline_lib.units.masks import field_size
from pipeline_lib.units.units_file import UnitsFile

PURITY = "top images of the class"
IN_BOX = "peak in a box of the class"
ALL_CLASSES = "all"  # the class of the rows about all units together
# Values are percent. `max_possible` is the purity of a unit that ranks all images of the class first: a
# class may have fewer images than a unit has top images. `field` is the side of a square with the area
# of the unit's own receptive field, in pixels of the input, if it was measured; `theoretical` is the
# side of the theoretical one. `shown` is 1 for the units that Figure 13 shows.
UNIT_COLUMNS = (
    *("network", "class", "name", "rank", "unit", "weight", "measure", "value", "low", "high"),
    *("n", "chance", "max_possible", "shown", "field", "theoretical"),
)


def measure_units(
    units: UnitsFile, images: pd.DataFrame, boxes: pd.DataFrame, names: dict[str, str]
) -> pd.DataFrame:
    """Return the purity of units and how often they peak on the class's object, as ``UNIT_COLUMNS``.

    The purity of a unit is the fraction of its labelled top images that are of the class; chance is the
    class's fraction of all labelled images. A peak is the centre of the theoretical field at the largest
    activation. It counts as on the object if it is in one of the class's ``boxes``, in those top images
    of the class that have boxes; chance is the fraction of these images that the boxes cover. Classes
    without a labelled image are left out.

    Intervals are 95 %: Wilson's for a unit; bootstrap intervals over classes for the rows about all
    units, which are means over their top images.
    """
    labels = images["label"].to_numpy()
    boxes_of = {key: group[CORNERS].to_numpy(float) for key, group in boxes.groupby("image_id")}
    sizes = images[["width", "height"]].to_numpy(float)
    ids = images["image_id"].to_numpy()
    lines, outcomes = [], {PURITY: [], IN_BOX: []}
    shown_index = {int(row): index for index, row in enumerate(units.shown_rows)}
    for row, class_index in enumerate(units.class_index):
        if not units.class_images[class_index]:
            continue  # the image set is a subset, without this class
        label = units.class_labels[class_index]
        labelled = labels[units.image[row]] != ""
        of_class = labels[units.image[row]] == label
        on_object, covered = [], []
        for image, position in zip(
            units.image[row][of_class], units.position[row][of_class], strict=True
        ):
            if ids[image] in boxes_of:
                true_boxes = boxes_of[ids[image]]
                on_object.append(_peak_in_box(units, position, sizes[image], true_boxes))
                covered.append(_covered_fraction(true_boxes, sizes[image]))
        chance = units.class_images[class_index] / max(units.class_images.sum(), 1)
        max_purity = min(1, units.class_images[class_index] / max(labelled.sum(), 1))
        is_shown = row in shown_index
        unit = {
            "class": label,
            "name": short_name(names, label),
            "rank": int(units.rank[row]),
            "unit": int(units.unit[row]),
            "weight": round(float(units.weight[row]), 6),
            "shown": int(is_shown),
            "field": round(field_size(units, shown_index[row]), 1) if is_shown else "",
        }
        for measure, hits, chances, max_possible in (
            (PURITY, of_class[labelled], np.full(labelled.sum(), chance), max_purity),
            (IN_BOX, np.array(on_object, bool), np.array(covered), 1),
        ):
            if len(hits):
                low, high = wilson_interval(hits)
                fractions = {
                    **{"value": hits.mean(), "low": low, "high": high},
                    **{"chance": chances.mean(), "max_possible": max_possible},
                }
                lines.append(unit | {"measure": measure, "n": len(hits)} | _percent(fractions))
                outcomes[measure].append((label, hits, chances, np.full(len(hits), max_possible)))
    lines += _overall(outcomes)
    table = pd.DataFrame(lines, columns=list(UNIT_COLUMNS))
    # "Int64" because they are empty in the rows about all units.
    integers = dict.fromkeys(("rank", "unit", "shown"), "Int64")
    return table.astype(integers).assign(network=units.name, theoretical=units.field.x.size)


def read_unit_measures(path: Path) -> pd.DataFrame:
    """Read the table of ``measure_units``, empty numbers as NaN. Raises InputError like ``read_csv``."""
    table = read_csv(path, UNIT_COLUMNS)
    texts = ("network", "class", "name", "measure")
    numbers = [name for name in UNIT_COLUMNS if name not in texts]
    return table.assign(**{name: pd.to_numeric(table[name]) for name in numbers})


def _overall(outcomes: dict[str, list[tuple]]) -> Iterator[dict]:
    """Yield a row about all units for each measure with outcomes."""
    for measure, of_units in outcomes.items():
        if of_units:
            labels, sizes = [unit[0] for unit in of_units], [len(unit[1]) for unit in of_units]
            hits, chance, max_possible = (
                np.concatenate([unit[i] for unit in of_units]) for i in (1, 2, 3)
            )
            mean = summarise([Outcomes(np.repeat(labels, sizes), hits.astype(float))])
            percents = {"value": mean.value, "low": mean.low, "high": mean.high}
            yield {
                **{"class": ALL_CLASSES, "name": ALL_CLASSES, "measure": measure, "n": len(hits)},
                **{key: round(value, 4) for key, value in percents.items()},
                **_percent({"chance": chance.mean(), "max_possible": max_possible.mean()}),
            }


def _percent(fractions: dict[str, float]) -> dict[str, float]:
    return {key: round(100 * float(value), 4) for key, value in fractions.items()}


def _peak_in_box(
    units: UnitsFile, position: np.ndarray, size: np.ndarray, boxes: np.ndarray
) -> bool:
    """Tell whether a field's centre, in an image of ``size`` (width, height), is in a box."""
    y, x = units.field.centre(tuple(position))
    height, width = units.field.size
    x, y = x * size[0] / width, y * size[1] / height
    x0, y0, x1, y1 = boxes.T
    return bool(((x0 <= x) & (x < x1) & (y0 <= y) & (y < y1)).any())


def _covered_fraction(boxes: np.ndarray, size: np.ndarray) -> float:
    """Return the fraction of an image of ``size`` (width, height) that the union of boxes covers."""
    width, height = np.ceil(size).astype(int)
    mask = np.zeros((height, width), bool)
    for x0, y0, x1, y1 in np.round(boxes).astype(int):
        mask[max(y0, 0) : y1, max(x0, 0) : x1] = True
    return float(mask.mean())
