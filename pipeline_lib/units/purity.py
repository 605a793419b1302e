"""How class-specific units are: what the images hold that they fire at most, and where."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline_lib.data.classes import short_name
from pipeline_lib.data.manifest import read_csv
from pipeline_lib.evaluation.ground_truth import CORNERS
from pipeline_lib.evaluation.interval import few_interval
from pipeline_lib.evaluation.transfer import Outcomes, summarise
from pipeline_lib.units.masks import field_size
from pipeline_lib.units.record import UnitsFile

PURITY = "top images of the class"
IN_BOX = "peak in a box of the class"
EVERY = "all"  # the class of the lines on all units together
# Values are percent. `most` is the purity of a unit that ranks all images of the class first: a class
# may have fewer images than are looked at. `field` is the side of a square as large as the unit's
# own receptive field, in pixels of the input, where it was measured; `theoretical` what it can see.
COLUMNS = (
    *("network", "class", "name", "rank", "unit", "weight", "measure", "value", "low", "high"),
    *("n", "chance", "most", "shown", "field", "theoretical"),
)


def measure(
    found: UnitsFile, images: pd.DataFrame, boxes: pd.DataFrame, names: dict[str, str]
) -> pd.DataFrame:
    """Return purity, and how often units peak on the named object, with 95 % intervals and chance.

    Classes without a labelled image are left out. A unit's purity is the part of its labelled top
    images that are of the class; chance is the class's part of all labelled images. Its peak, the
    middle of its theoretical field where it fires most, is on the object if it is in one of the class's
    ``boxes``, of those top images that are of the class and have some; chance is the part of these
    images that the boxes cover. A unit's intervals are Wilson's; the lines on all units are means over
    their top images, with classes drawn for the interval.
    """
    labels = images["label"].to_numpy()
    boxes_of = {key: part[CORNERS].to_numpy(float) for key, part in boxes.groupby("image_id")}
    sizes = images[["width", "height"]].to_numpy(float)
    ids = images["image_id"].to_numpy()
    lines, outcomes = [], {PURITY: [], IN_BOX: []}
    shown = {int(row): line for line, row in enumerate(found.shown)}
    for row, class_index in enumerate(found.class_index):
        if not found.seen[class_index]:
            continue  # a part of an image set: nothing can be said of the class
        label = found.class_labels[class_index]
        known = labels[found.image[row]] != ""
        pure = labels[found.image[row]] == label
        on_object, covered = [], []
        for image, place in zip(found.image[row][pure], found.place[row][pure], strict=True):
            if ids[image] in boxes_of:
                true = boxes_of[ids[image]]
                on_object.append(_hit(found, place, sizes[image], true))
                covered.append(_covered(true, sizes[image]))
        chance = found.seen[class_index] / max(found.seen.sum(), 1)
        most = min(1, found.seen[class_index] / max(known.sum(), 1))
        told = {
            "class": label,
            "name": short_name(names, label),
            "rank": int(found.rank[row]),
            "unit": int(found.unit[row]),
            "weight": round(float(found.weight[row]), 6),
            "shown": int(row in shown),
            "field": round(field_size(found, shown[row]), 1) if row in shown else "",
        }
        for name, hits, by_chance, at_most in (
            (PURITY, pure[known], np.full(known.sum(), chance), most),
            (IN_BOX, np.array(on_object, bool), np.array(covered), 1),
        ):
            if len(hits):
                low, high = few_interval(hits)
                part = {"value": hits.mean(), "low": low, "high": high, "chance": by_chance.mean()}
                lines.append(
                    told | {"measure": name, "n": len(hits)} | _percent(part | {"most": at_most})
                )
                outcomes[name].append((label, hits, by_chance, np.full(len(hits), at_most)))
    lines += _overall(outcomes)
    table = pd.DataFrame(lines, columns=list(COLUMNS))
    whole = dict.fromkeys(("rank", "unit", "shown"), "Int64")  # empty in the lines on all units
    return table.astype(whole).assign(network=found.name, theoretical=found.field.x.size)


def read_measures(path: Path) -> pd.DataFrame:
    """Read what ``measure`` returned. Raises InputError like ``read_csv``; empty numbers are NaN."""
    table = read_csv(path, COLUMNS)
    numbers = [name for name in COLUMNS if name not in ("network", "class", "name", "measure")]
    return table.assign(**{name: pd.to_numeric(table[name]) for name in numbers})


def _overall(outcomes: dict[str, list[tuple]]) -> Iterator[dict]:
    for name, parts in outcomes.items():
        if parts:
            classes = np.repeat([part[0] for part in parts], [len(part[1]) for part in parts])
            hits, chance, most = (np.concatenate([part[i] for part in parts]) for i in (1, 2, 3))
            found = summarise([Outcomes(classes, hits.astype(float))])
            given = {"value": found.value, "low": found.low, "high": found.high}
            yield {
                **{"class": EVERY, "name": EVERY, "measure": name, "n": len(hits)},
                **{key: round(value, 4) for key, value in given.items()},
                **_percent({"chance": chance.mean(), "most": most.mean()}),
            }


def _percent(parts: dict[str, float]) -> dict[str, float]:
    return {key: round(100 * float(value), 4) for key, value in parts.items()}


def _hit(found: UnitsFile, place: np.ndarray, size: np.ndarray, boxes: np.ndarray) -> bool:
    """Whether a unit's middle, in an image of ``size`` (width, height), is in one of its boxes."""
    y, x = found.field.centre(tuple(place))
    height, width = found.field.size
    x, y = x * size[0] / width, y * size[1] / height
    x0, y0, x1, y1 = boxes.T
    return bool(((x0 <= x) & (x < x1) & (y0 <= y) & (y < y1)).any())


def _covered(boxes: np.ndarray, size: np.ndarray) -> float:
    """The part of an image of ``size`` (width, height) that its boxes cover, overlaps once."""
    width, height = np.ceil(size).astype(int)
    mask = np.zeros((height, width), bool)
    for x0, y0, x1, y1 in np.round(boxes).astype(int):
        mask[max(y0, 0) : y1, max(x0, 0) : x1] = True
    return float(mask.mean())
