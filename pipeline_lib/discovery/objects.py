"""Which objects the class maps of scenes highlight (paper, section 4.2, Figure 9).

For the images that the SVM classifies as a category, and the map of that category: the fraction that
has an object, the fraction in which the highlighted region overlaps it, and the fraction expected by
chance. The paper lists the first two. A large object is overlapped wherever the region is; chance shows
that.

Chance places the same region at any other position: over all its cyclic shifts on the grid, the
fraction at which it overlaps the object, averaged over the category's images. It does not know where
objects tend to be. Lift is the overlap divided by chance.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from pipeline_lib.common.command import progress
from pipeline_lib.common.errors import InputError
from pipeline_lib.common.polygons import cells, from_text
from pipeline_lib.data.manifest import read_csv
from pipeline_lib.discovery.regions import highlighted_region, overlaps_any, shifted_overlaps
from pipeline_lib.evaluation.interval import TAILS, error_interval, resampled_means
from pipeline_lib.localization.heat_maps import heat_map
from pipeline_lib.localization.predictions import Predictions


@dataclass(frozen=True)
class HighlightSettings:
    """What counts as highlighted, as overlap, and as frequent enough for a lift.

    The region is where the map, resized to ``grid`` x ``grid`` cells by ``interpolation``, is above
    ``threshold`` times its maximum. It overlaps an object if it holds at least the fraction
    ``min_overlap_fraction`` of it; 0: any cell. Objects are ranked by lift if they overlap in at least
    the fraction ``min_overlap_rate`` of a category's images.
    """

    threshold: float
    min_overlap_fraction: float
    interpolation: str
    grid: int
    min_overlap_rate: float


MEASURES = ("frequency", "overlap", "share", "chance", "lift")
SETTING_COLUMNS = tuple(field.name for field in fields(HighlightSettings))
OBJECT_COLUMNS = (
    *("category", "object", "n", "images"),
    *(f"{name}{end}" for name in MEASURES for end in ("", "_low", "_high")),
    *SETTING_COLUMNS,
)


class ObjectOverlap(NamedTuple):
    """An object's name in an image: whether the region overlaps it, and the probability by chance."""

    category: str
    image: int
    name: str
    overlapped: bool
    chance: float


def measure_objects(
    predictions: Predictions,
    annotations: pd.DataFrame,
    images: pd.DataFrame,
    categories: Iterable[str],
    settings: HighlightSettings,
    *,
    draws: int,
    seed: int,
) -> pd.DataFrame:
    """Return the table of all objects in all categories: see ``tabulate_objects``.

    ``annotations`` and ``images`` are the manifest's. ``settings`` are in every row, for the figure.
    """
    predicted = np.array([predictions.labels_of(image)[0] for image in range(len(images))])
    sizes = images[["width", "height"]].to_numpy()
    overlaps = object_overlaps(predictions, annotations, sizes, settings)
    images_of = {category: np.flatnonzero(predicted == category) for category in categories}
    return tabulate_objects(overlaps, images_of, settings, draws=draws, seed=seed)


def object_overlaps(
    predictions: Predictions,
    annotations: pd.DataFrame,
    sizes: np.ndarray,
    settings: HighlightSettings,
) -> Iterator[ObjectOverlap]:
    """Yield, image by image, what the map of the most likely category overlaps.

    ``annotations`` are the manifest's, ``sizes`` (n, 2) the images' widths and heights in pixels.
    Raises InputError for an annotation of an image without a prediction.
    """
    of_image = dict(list(annotations.groupby("image_id", sort=False)))
    foreign = set(of_image) - set(predictions.image_id)
    if foreign:
        raise InputError(f"{min(foreign)}: annotated, but not predicted; rerun index")
    for image, image_id in enumerate(progress(predictions.image_id, "overlaps")):
        if image_id not in of_image:
            continue
        yield from overlaps_in_image(
            predictions, image, of_image[image_id], tuple(sizes[image]), settings
        )


def overlaps_in_image(
    predictions: Predictions,
    image: int,
    objects: pd.DataFrame,
    size: tuple[int, int],
    settings: HighlightSettings,
) -> Iterator[ObjectOverlap]:
    """Yield what the map of image ``image``'s most likely category overlaps of its ``objects``.

    All polygons of one name in an image are one object; ``size`` is (width, height) in pixels.
    """
    grid = (settings.grid, settings.grid)
    heat = heat_map(predictions, image, 1, *grid, settings.interpolation)
    region = highlighted_region(heat, settings.threshold)
    category = predictions.labels_of(image)[0]
    for name, polygons in objects.groupby("name", sort=True)["polygon"]:
        masks = np.stack([cells(from_text(text), size, grid) for text in polygons])
        overlaps = shifted_overlaps(region, masks)
        at_shift = overlaps_any(overlaps, masks, settings.min_overlap_fraction)
        yield ObjectOverlap(category, image, name, bool(at_shift[0, 0]), float(at_shift.mean()))


def tabulate_objects(
    overlaps: Iterable[ObjectOverlap],
    images_of: dict[str, np.ndarray],
    settings: HighlightSettings,
    *,
    draws: int,
    seed: int,
) -> pd.DataFrame:
    """Return rows of ``OBJECT_COLUMNS``: each category's objects, the most often overlapped first.

    ``images_of`` has the (n,) indices of each category's images; ``images`` counts those with the
    object. Frequency, overlap and chance are fractions of the n; share is the overlapped fraction of
    the images with the object. Intervals are 95 % bootstrap intervals over the images. Draws without
    an image of the object are left out of lift's interval, which is empty if no draw is left.
    """
    table = pd.DataFrame(list(overlaps), columns=list(ObjectOverlap._fields))
    rows = []
    for category, images in images_of.items():
        of_category = table[table["category"] == category]
        names = sorted(set(of_category["name"]))
        if names:
            rows += _rows(category, names, _matrices(of_category, names, images), draws, seed)
    measures = [name for name in OBJECT_COLUMNS if name not in SETTING_COLUMNS]
    objects = pd.DataFrame(rows, columns=measures)
    order = pd.Categorical(objects["category"], categories=list(images_of), ordered=True)
    ranked = objects.assign(category=order).sort_values(
        ["category", "overlap", "frequency", "object"], ascending=[True, False, False, True]
    )
    return ranked.astype({"category": str}).reset_index(drop=True).assign(**asdict(settings))


def _matrices(
    overlaps: pd.DataFrame, names: list[str], images: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return, for n images and m objects, (n, m) each: is it present, is it overlapped, chance."""
    at = np.searchsorted(images, overlaps["image"]), pd.Categorical(overlaps["name"], names).codes
    present, overlapped, chance = (np.zeros((len(images), len(names)), np.float32) for _ in "123")
    present[at], overlapped[at], chance[at] = 1, overlaps["overlapped"], overlaps["chance"]
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
    # The same bootstrap samples for both: lift is their ratio.
    means_of_samples = resampled_means(np.hstack([overlapped, chance]), draws, seed)
    sampled_overlap, sampled_chance = np.hsplit(means_of_samples, 2)
    means = [matrix.mean(axis=0, dtype=float) for matrix in matrices]
    for column, name in enumerate(names):
        has_object = present[:, column] == 1
        frequency, overlap, by_chance = (mean[column] for mean in means)
        possible = sampled_chance[:, column] > 0
        ratios = sampled_overlap[possible, column] / sampled_chance[possible, column]
        lift = overlap / by_chance if by_chance else np.nan
        yield (
            *(category, name, n, int(has_object.sum())),
            *(frequency, *error_interval(present[:, column])),
            *(overlap, *error_interval(overlapped[:, column])),
            *(overlap / frequency, *error_interval(overlapped[has_object, column])),
            *(by_chance, *np.quantile(sampled_chance[:, column], TAILS)),
            *(lift, *(np.quantile(ratios, TAILS) if len(ratios) else (np.nan, np.nan))),
        )


def read_objects(path: Path) -> pd.DataFrame:
    """Read the table. Raises InputError like ``read_csv``, and for one without a row."""
    table = read_csv(path, OBJECT_COLUMNS)
    if table.empty:
        raise InputError(f"{path}: lists no object; raise scenes.coverage, or annotate some")
    numbers = [f"{name}{end}" for name in MEASURES for end in ("", "_low", "_high")]
    table[numbers] = table[numbers].apply(pd.to_numeric)  # some lifts are empty
    return table


def highlight_settings(table: pd.DataFrame) -> HighlightSettings:
    """Return the settings that a table of objects was measured with."""
    first = table.iloc[0]
    return HighlightSettings(
        threshold=float(first["threshold"]),
        min_overlap_fraction=float(first["min_overlap_fraction"]),
        interpolation=str(first["interpolation"]),
        grid=int(first["grid"]),
        min_overlap_rate=float(first["min_overlap_rate"]),
    )


def most_frequent(table: pd.DataFrame, count: int) -> pd.DataFrame:
    """Return a category's ``count`` objects that most of its images have: the paper's left list."""
    return table.sort_values(["frequency", "object"], ascending=[False, True]).head(count)


def most_overlapped(table: pd.DataFrame, count: int) -> pd.DataFrame:
    """Return a category's ``count`` most often overlapped objects: the paper's right list."""
    overlapped = table[table["overlap"] > 0]
    return overlapped.sort_values(["overlap", "object"], ascending=[False, True]).head(count)


def highest_lift(table: pd.DataFrame, count: int) -> pd.DataFrame:
    """Return a category's ``count`` objects with the highest lift.

    They overlap in at least the fraction ``min_overlap_rate`` (a column) of its images: the lift of an
    object that overlaps in an image or two says nothing.
    """
    frequent = table[table["overlap"] >= table["min_overlap_rate"]]
    return frequent.sort_values(["lift", "object"], ascending=[False, True]).head(count)
