"""SUN2012: photographs of scenes whose objects people have outlined and named.

Source: the archive's own layout, ``Images/<letter>/<category>[/<kind>]/sun_*.jpg`` and the same below
``Annotations`` with .xml. The paper takes ten categories of at least 200 fully annotated images, 4,675
in all (section 4.2; names in the supplement, section 1.3). It does not define "fully annotated"; here,
objects cover at least the fraction ``coverage`` of the image.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline_lib.common.command import progress
from pipeline_lib.common.errors import InputError
from pipeline_lib.common.polygons import as_text, cells
from pipeline_lib.data.discovery.labelme import (
    CORRECTED,
    DELETED,
    MASK,
    NAMELESS,
    SHORT,
    AnnotatedObject,
    read_annotation,
)
from pipeline_lib.data.image_files import images_below, is_jpeg, leads_nowhere, usable
from pipeline_lib.data.manifest import ImageSet, Summary
from pipeline_lib.data.reading import current_view, header_of, pass_over, report_error
from pipeline_lib.data.transfer.listing import readable
from pipeline_lib.data.transfer.notes import counted

POLYGON_COLUMNS = ("image_id", "name", "polygon")
PAPER_IMAGES = 4_675  # in the paper's ten categories
PAPER_CATEGORIES = (
    *("bathroom", "bedroom", "building_facade", "dining_room", "highway", "kitchen"),
    *("living_room", "mountain_snowy", "skyscraper", "street"),
)
SKIP = "skip"
_OUTSIDE = "outside"
_LOOSE = ("image outside the folders of categories", "images outside the folders of categories")
_NO_XML = ("file that is no .xml", "files that are no .xml")
_IMAGELESS = ("annotation without an image", "annotations without an image")
_GRID = (128, 128)  # cells over an image on which its coverage is counted


@dataclass(frozen=True)
class _Photograph:
    """An image: its path below ``Images``, its annotation's path."""

    name: str
    category: str
    path: Path
    annotation: Path


@dataclass(frozen=True)
class _Annotated:
    """An image with the objects at least partly inside it, and counts of what was irregular."""

    photograph: _Photograph
    size: tuple[int, int]
    view: str
    objects: list[AnnotatedObject]
    irregular: Counter


def read_scenes(
    root: Path,
    *,
    categories: int | Sequence[str],
    min_images: int,
    coverage: float,
    short_polygons: str,
) -> ImageSet:
    """Read the fully annotated images of the chosen categories from ``root/SUN2012``.

    An image is fully annotated if its objects cover at least the fraction ``coverage`` of it.
    ``categories`` are names, or the number of the largest categories to take; each needs at least
    ``min_images`` such images, and all of them are taken. Annotations have POLYGON_COLUMNS, a row per
    object, its polygon as text (``common.polygons``). ``short_polygons``: "refuse" or "skip" those of
    fewer than three points. Raises InputError if fewer than two categories have enough images, and for
    a malformed annotation or image.
    """
    skip = short_polygons == SKIP
    annotated: dict[str, list[_Annotated]] = {}
    n_photographs, n_bare, n_sparse = 0, 0, 0
    names = None if isinstance(categories, int) else tuple(categories)
    for photograph in progress(_photographs(root / "SUN2012", names), "reading annotations"):
        n_photographs += 1
        if not photograph.annotation.is_file():
            n_bare += not leads_nowhere(photograph.annotation)
            continue
        scene = _annotated(photograph, skip)
        if scene is None:
            continue
        if covered_fraction(scene.objects, scene.size) < coverage:
            n_sparse += 1
        else:
            annotated.setdefault(photograph.category, []).append(scene)
    ranked = sorted(annotated, key=lambda category: (-len(annotated[category]), category))
    enough = [category for category in ranked if len(annotated[category]) >= min_images]
    if names is None:
        chosen = enough[:categories]
    else:
        chosen = [category for category in names if category in enough]
    if len(chosen) < 2:
        largest = (
            f"'{ranked[0]}' has the most, {len(annotated[ranked[0]])}" if ranked else "none has any"
        )
        raise InputError(
            f"{root / 'SUN2012'}: needs two of the requested categories with {min_images} images "
            f"covered to {coverage:g}; {largest}; unpack the whole archive, or lower "
            "scenes.min_images or scenes.coverage"
        )
    images, rows, irregular, views = [], [], Counter(), {}
    for category in chosen:
        for scene in annotated[category]:
            name = scene.photograph.name
            path = scene.photograph.path.relative_to(root).as_posix()
            images.append((name, path, category, *scene.size, 0))
            irregular += scene.irregular
            if scene.view != current_view():
                views[name] = scene.view
            rows += [(name, item.name, as_text(item.polygon)) for item in scene.objects]
    classes = [
        (category, number, readable(category).replace("/", ", "))
        for number, category in enumerate(chosen, 1)
    ]
    notes = [
        f"{counted(len(images), 'image')} of {counted(len(chosen), 'category', 'categories')}: "
        + ", ".join(f"{name} {len(annotated[label])}" for label, _, name in classes)
        + f". Named objects cover {coverage:.0%} or more of each.",
        *_choice_notes(names, annotated, min_images),
        *(
            [f"{counted(n_bare, 'image')} of {n_photographs:,} without an annotation."]
            if n_bare
            else []
        ),
        *([f"{counted(n_sparse, 'image')} of which less is covered."] if n_sparse else []),
        *_irregular_notes(irregular),
    ]
    summary = Summary("SUN2012", len(images), PAPER_IMAGES, notes)
    annotations = pd.DataFrame(rows, columns=list(POLYGON_COLUMNS))
    return ImageSet(images, [], classes, summary, annotations=annotations, views=views)


def covered_fraction(objects: list[AnnotatedObject], size: tuple[int, int]) -> float:
    """Return the fraction of an image, (width, height), that objects cover, in steps of 1/16384."""
    union = np.zeros(_GRID[::-1], bool)
    for item in objects:
        union |= cells(item.polygon, size, _GRID)
    return float(union.mean())


def _photographs(folder: Path, names: tuple[str, ...] | None) -> list[_Photograph]:
    """The images of the named categories, or of all, in order."""
    images, annotations = folder / "Images", folder / "Annotations"
    paths = []
    for path in images_below(images, is_jpeg):
        if path.parent == images:
            pass_over(path, _LOOSE)
        else:
            paths.append(path)
    if not paths:
        raise InputError(f"{images}: no .jpg image in it; unpack SUN2012.tar.gz there")
    category_of = {path: _category(path.relative_to(images)) for path in paths}
    chosen = [path for path in paths if names is None or category_of[path] in names]
    pictured = {path.relative_to(images).with_suffix(".xml") for path in paths}
    for path in images_below(annotations, lambda path: path.suffix == ".xml", _NO_XML):
        if path.relative_to(annotations) not in pictured:
            pass_over(path, _IMAGELESS)
    photographs = []
    for path in usable(chosen):
        name = path.relative_to(images)
        annotation = annotations / name.with_suffix(".xml")
        photographs.append(_Photograph(name.as_posix(), category_of[path], path, annotation))
    return photographs


def _category(name: Path) -> str:
    """The folders of an image, without that of the first letter."""
    first, *others = name.parent.parts
    return "/".join(others) if len(first) == 1 and others else "/".join([first, *others])


def _annotated(photograph: _Photograph, skip: bool) -> _Annotated | None:
    """Read a photograph's annotation; None for one that cannot be used, which is reported."""
    header = header_of(photograph.path)
    try:
        annotation = read_annotation(photograph.annotation, header, skip_short=skip)
    except InputError as error:
        return report_error(error)
    size = header.size(annotation.view)
    inside = [
        item
        for item in annotation.objects
        if (item.polygon.max(0) > 0).all() and (item.polygon.min(0) < size).all()
    ]
    outside = Counter({_OUTSIDE: len(annotation.objects) - len(inside)})
    return _Annotated(photograph, size, annotation.view, inside, annotation.irregular + outside)


def _choice_notes(
    names: tuple[str, ...] | None, annotated: dict[str, list[_Annotated]], min_images: int
) -> list[str]:
    """Say how the categories were chosen, and which named ones lack images."""
    counts = {category: len(annotated.get(category, ())) for category in names or annotated}
    too_few = [f"{category} {count}" for category, count in counts.items() if count < min_images]
    if names is None:
        enough = counted(len(counts) - len(too_few), "category has", "categories have")
        return [f"{enough} {min_images} such images or more; the largest were taken."]
    notes = ["The categories are the paper's." if names == PAPER_CATEGORIES else "They were named."]
    if too_few:
        notes.append(f"Left out, with fewer than {min_images} such images: {', '.join(too_few)}.")
    return notes


def _irregular_notes(irregular: Counter) -> list[str]:
    """Say which polygons were left out and which names were corrected."""
    reasons = {
        DELETED: "marked as deleted",
        NAMELESS: "without a name",
        SHORT: "of fewer than three points",
        MASK: "that are masks",
        _OUTSIDE: "outside the image",
    }
    counts = [f"{irregular[key]:,} {reason}" for key, reason in reasons.items() if irregular[key]]
    notes = [f"Polygons left out: {', '.join(counts)}."] if counts else []
    if corrected := irregular[CORRECTED]:
        notes.append(
            f"{counted(corrected, 'name')} corrected (tags, spelling, number) by labelme.yaml."
        )
    return notes
