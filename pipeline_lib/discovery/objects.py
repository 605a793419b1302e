"""Which things a scene's class maps highlight (paper, section 4.2, Figure 9).

Of the images that the SVM puts into a category, by the map of that category: how many have a thing, in
how many the highlighted region overlaps it, and in how many it would by chance. The paper lists the
first and the second. A large thing is overlapped wherever the region is; the third says so.

Chance is that of the same region, in shape and in size, at any other place of the image: over all its
cyclic shifts on the grid, the part at which it overlaps the thing, averaged over the category's images.
It knows nothing of where things tend to be. Lift is the overlap divided by chance.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from pipeline_lib.common.command import progress
from pipeline_lib.common.errors import InputError
from pipeline_lib.common.polygons import cells, from_text
from pipeline_lib.data.manifest import read_csv
from pipeline_lib.discovery.regions import highlighted, meets, shifted_overlaps
from pipeline_lib.evaluation.interval import TAILS, error_interval, resampled_means
from pipeline_lib.localization.boxes import THRESHOLD
from pipeline_lib.localization.heat import heat_map
from pipeline_lib.localization.predictions import Predictions

GRID = 56  # cells to a side: four to each of a 14 x 14 map's
# The paper does not say when the region overlaps a thing. If any cell would do, walls and floors nearly
# always would, and small things nearly as often anywhere else.
PART = 0.25
DRAWS = 1000
MEASURES = ("frequency", "overlap", "share", "chance", "lift")
COLUMNS = (
    *("category", "object", "n", "images"),
    *(f"{name}{end}" for name in MEASURES for end in ("", "_low", "_high")),
)


@dataclass(frozen=True)
class Rule:
    """When the region overlaps a thing.

    The region is where the map, brought to ``grid`` x ``grid`` cells over the image by
    ``interpolation``, is above ``threshold`` times its maximum. It overlaps a thing of which it holds at
    least ``part``; at 0, any cell will do.
    """

    threshold: float = THRESHOLD
    part: float = PART
    interpolation: str = "bilinear"
    grid: int = GRID


class Sighting(NamedTuple):
    """A kind of thing in an image: whether the region overlaps it, and how likely it would."""

    category: str
    image: int
    name: str
    overlapped: bool
    chance: float


def sightings(
    predictions: Predictions,
    annotations: pd.DataFrame,
    sizes: np.ndarray,
    rule: Rule,
) -> Iterator[Sighting]:
    """Yield what each image's map of its most likely category overlaps, image by image.

    ``annotations`` are the manifest's, ``sizes`` (n, 2) the images' widths and heights in pixels.
    Raises InputError for an annotation of an image that is not predicted.
    """
    of_image = dict(list(annotations.groupby("image_id", sort=False)))
    foreign = set(of_image) - set(predictions.image_id)
    if foreign:
        raise InputError(f"{min(foreign)}: annotated, but not predicted; rerun index")
    for image, image_id in enumerate(progress(predictions.image_id, "overlaps")):
        if image_id not in of_image:
            continue
        yield from overlaps(predictions, image, of_image[image_id], tuple(sizes[image]), rule)


def overlaps(
    predictions: Predictions, image: int, things: pd.DataFrame, size: tuple[int, int], rule: Rule
) -> Iterator[Sighting]:
    """Yield what the map of image ``image``'s most likely category overlaps of its ``things``.

    All polygons of a name in an image are one thing; ``size`` is (width, height) in pixels.
    """
    grid = (rule.grid, rule.grid)
    region = highlighted(heat_map(predictions, image, 1, *grid, rule.interpolation), rule.threshold)
    for name, same in things.groupby("name", sort=True):
        masks = np.stack([cells(from_text(text), size, grid) for text in same["polygon"]])
        places = meets(shifted_overlaps(region, masks), masks, rule.part)
        category = predictions.labels_of(image)[0]
        yield Sighting(category, image, name, bool(places[0, 0]), float(places.mean()))


def tabulate_objects(
    seen: Iterable[Sighting], images_of: dict[str, np.ndarray], *, draws: int = DRAWS, seed: int = 0
) -> pd.DataFrame:
    """Return rows of ``COLUMNS``: each thing of each category, the most often overlapped first.

    ``images_of`` has the (n,) indices of each category's images. ``images`` counts those with the
    thing; frequency, overlap and chance are parts of the n, share is the overlapped part of those with
    the thing. Intervals are 95 % bootstrap intervals
    over the images. Lift's leaves out the draws in which the thing is in no image; it is empty where
    no draw is left.
    """
    table = pd.DataFrame(list(seen), columns=list(Sighting._fields))
    rows = []
    for category, images in images_of.items():
        ours = table[table["category"] == category]
        names = sorted(set(ours["name"]))
        if names:
            rows += _rows(category, names, _matrices(ours, names, images), draws, seed)
    found = pd.DataFrame(rows, columns=list(COLUMNS))
    order = pd.Categorical(found["category"], categories=list(images_of), ordered=True)
    ranked = found.assign(category=order).sort_values(
        ["category", "overlap", "frequency", "object"], ascending=[True, False, False, True]
    )
    return ranked.astype({"category": str}).reset_index(drop=True)


def _matrices(
    ours: pd.DataFrame, names: list[str], images: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Whether each of n images has each of m things, and overlaps it, and the chance: (n, m) each."""
    at = np.searchsorted(images, ours["image"]), pd.Categorical(ours["name"], names).codes
    present, overlapped, chance = (np.zeros((len(images), len(names)), np.float32) for _ in "123")
    present[at], overlapped[at], chance[at] = 1, ours["overlapped"], ours["chance"]
    return present, overlapped, chance


def _rows(
    category: str,
    names: list[str],
    matrices: tuple[np.ndarray, np.ndarray, np.ndarray],
    draws: int,
    seed: int,
) -> Iterator[tuple]:
    present, overlapped, chance = matrices
    n = len(present)
    # The same draws for both, of which lift is the ratio.
    together = resampled_means(np.hstack([overlapped, chance]), draws, seed)
    drawn_overlap, drawn_chance = np.hsplit(together, 2)
    means = [matrix.mean(axis=0, dtype=float) for matrix in matrices]
    for column, name in enumerate(names):
        there = present[:, column] == 1
        frequency, overlap, by_chance = (mean[column] for mean in means)
        possible = drawn_chance[:, column] > 0
        ratios = drawn_overlap[possible, column] / drawn_chance[possible, column]
        lift = overlap / by_chance if by_chance else np.nan
        yield (
            *(category, name, n, int(there.sum())),
            *(frequency, *error_interval(present[:, column])),
            *(overlap, *error_interval(overlapped[:, column])),
            *(overlap / frequency, *error_interval(overlapped[there, column])),
            *(by_chance, *np.quantile(drawn_chance[:, column], TAILS)),
            *(lift, *(np.quantile(ratios, TAILS) if len(ratios) else (np.nan, np.nan))),
        )


def read_objects(path: Path) -> pd.DataFrame:
    """Read what ``tabulate_objects`` returned. Raises InputError like ``read_csv``."""
    table = read_csv(path, COLUMNS)
    numbers = list(COLUMNS[COLUMNS.index("n") :])
    table[numbers] = table[numbers].apply(pd.to_numeric)  # some lifts are empty
    return table


def frequent(table: pd.DataFrame, count: int) -> pd.DataFrame:
    """Return a category's ``count`` things that are in most of its images: the paper's left list."""
    return table.sort_values(["frequency", "object"], ascending=[False, True]).head(count)


def overlapped(table: pd.DataFrame, count: int) -> pd.DataFrame:
    """Return a category's ``count`` things that are most often overlapped: the paper's right list."""
    once = table[table["overlap"] > 0]
    return once.sort_values(["overlap", "object"], ascending=[False, True]).head(count)


def lifted(table: pd.DataFrame, count: int, often: float) -> pd.DataFrame:
    """Return a category's ``count`` things of the highest lift.

    They are overlapped in ``often`` of its images or more: the lift of what is seen in an image or two
    says nothing.
    """
    common = table[table["overlap"] >= often]
    return common.sort_values(["lift", "object"], ascending=[False, True]).head(count)
