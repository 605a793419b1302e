"""SUN2012: photographs of scenes in which people have outlined and named the things.

Source: the archive's own layout, ``Images/<letter>/<category>[/<kind>]/sun_*.jpg`` and the same below
``Annotations`` with .xml. The paper takes ten categories of at least 200 fully annotated images, 4,675
in all (section 4.2); its supplement names them (section 1.3). What "fully" means neither says: here,
that things cover at least a part of an image (``coverage``).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline_lib.common.command import progress
from pipeline_lib.common.errors import InputError
from pipeline_lib.common.images import image_size
from pipeline_lib.common.polygons import as_text, cells
from pipeline_lib.data.discovery.labelme import (
    CORRECTED,
    DELETED,
    NAMELESS,
    SHORT,
    Thing,
    read_annotation,
)
from pipeline_lib.data.manifest import ImageSet, Summary
from pipeline_lib.data.transfer.listing import readable
from pipeline_lib.data.transfer.notes import counted

ANNOTATION_COLUMNS = ("image_id", "name", "polygon")
IMAGES = 4_675  # the paper's, in ten categories
CATEGORIES = (
    *("bathroom", "bedroom", "building_facade", "dining_room", "highway", "kitchen"),
    *("living_room", "mountain_snowy", "skyscraper", "street"),
)
LEAST, COVERAGE = 200, 0.8
REFUSE, SKIP = "refuse", "skip"
_SUFFIXES = (".jpg", ".jpeg")
_GRID = (128, 128)  # cells over an image in which its coverage is counted


@dataclass(frozen=True)
class _Photograph:
    """An image: its path below ``Images``, its annotation, its (width, height) in pixels."""

    name: str
    category: str
    path: Path
    annotation: Path
    size: tuple[int, int]


def read_scenes(
    root: Path,
    *,
    categories: int | Sequence[str] = CATEGORIES,
    least: int = LEAST,
    coverage: float = COVERAGE,
    short_polygons: str = REFUSE,
) -> ImageSet:
    """Read the fully annotated images of the chosen categories from ``root/SUN2012``.

    An image is fully annotated where its things cover ``coverage`` or more of it. ``categories`` names
    those to take, or says how many: those with the most such images. A category has ``least`` or more
    of them, and all are taken. The annotations are rows of ``ANNOTATION_COLUMNS``, one a thing, its
    polygon as text (see ``common.polygons``). ``short_polygons``: "refuse" or "skip" those of fewer
    than three points. Raises InputError where fewer than two categories have enough images, and for
    a spoiled annotation or image.
    """
    skip = short_polygons == SKIP
    full: dict[str, list[_Photograph]] = {}
    found, bare = 0, 0
    named = None if isinstance(categories, int) else tuple(categories)
    for photograph in progress(_photographs(root / "SUN2012", named), "reading annotations"):
        found += 1
        if not photograph.annotation.is_file():
            bare += 1
            continue
        things = _things(photograph, skip)[0]
        if covered(things, photograph.size) >= coverage:
            full.setdefault(photograph.category, []).append(photograph)
    ranked = sorted(full, key=lambda category: (-len(full[category]), category))
    enough = [category for category in ranked if len(full[category]) >= least]
    if named is None:
        wanted = enough[:categories]
    else:
        wanted = [category for category in named if category in enough]
    if len(wanted) < 2:
        most = f"'{ranked[0]}' has the most, {len(full[ranked[0]])}" if ranked else "none has any"
        raise InputError(
            f"{root / 'SUN2012'}: two of the categories asked for with {least} images covered to "
            f"{coverage:g} are needed; {most}; unpack the whole archive, or lower scenes.least or "
            "scenes.coverage"
        )
    chosen = {category: full[category] for category in wanted}
    images, rows, odd = [], [], Counter()
    for category, photographs in chosen.items():
        for photograph in photographs:
            path = photograph.path.relative_to(root).as_posix()
            images.append((photograph.name, path, category, *photograph.size, 0))
            things, strange = _things(photograph, skip)
            odd += strange
            rows += [(photograph.name, thing.name, as_text(thing.polygon)) for thing in things]
    classes = [
        (category, number, readable(category).replace("/", ", "))
        for number, category in enumerate(chosen, 1)
    ]
    notes = [
        f"{counted(len(images), 'image')} of {counted(len(chosen), 'category', 'categories')}: "
        + ", ".join(f"{name} {len(full[label])}" for label, _, name in classes)
        + f". Each is covered by named things to {coverage:.0%} or more.",
        *_choice_notes(named, full, least),
        *([f"{counted(bare, 'image')} of {found:,} without an annotation."] if bare else []),
        *_odd_notes(odd),
    ]
    summary = Summary("SUN2012", len(images), IMAGES, notes)
    annotations = pd.DataFrame(rows, columns=list(ANNOTATION_COLUMNS))
    return ImageSet(images, [], classes, summary, annotations=annotations)


def covered(things: list[Thing], size: tuple[int, int]) -> float:
    """Return the part of an image, (width, height), that things cover, in steps of 1/16384."""
    union = np.zeros(_GRID[::-1], bool)
    for thing in things:
        union |= cells(thing.polygon, size, _GRID)
    return float(union.mean())


def _photographs(folder: Path, named: tuple[str, ...] | None) -> list[_Photograph]:
    """The images of the named categories, or of all, in order; their sizes are those of the files."""
    images, annotations = folder / "Images", folder / "Annotations"
    paths = sorted(path for path in images.rglob("*/*") if path.suffix.lower() in _SUFFIXES)
    if not paths:
        raise InputError(f"{images}: no .jpg image in it; unpack SUN2012.tar.gz there")
    found = []
    for path in progress(paths, "reading sizes"):
        name = path.relative_to(images)
        category = _category(name)
        if named is None or category in named:
            annotation = annotations / name.with_suffix(".xml")
            size = image_size(path)
            found.append(_Photograph(name.as_posix(), category, path, annotation, size))
    return found


def _category(name: Path) -> str:
    """The folders that an image lies in, but for the first letter's."""
    first, *others = name.parent.parts
    return "/".join(others) if len(first) == 1 and others else "/".join([first, *others])


def _things(photograph: _Photograph, skip: bool) -> tuple[list[Thing], Counter]:
    """The things of which the image shows a part, and what was odd."""
    read = read_annotation(photograph.annotation, photograph.size, skip_short=skip)
    inside = [
        thing
        for thing in read.things
        if (thing.polygon.max(0) > 0).all() and (thing.polygon.min(0) < photograph.size).all()
    ]
    return inside, read.odd + Counter(outside=len(read.things) - len(inside))


def _choice_notes(
    named: tuple[str, ...] | None, full: dict[str, list[_Photograph]], least: int
) -> list[str]:
    """Say how the categories were chosen, and which of those that were named lack images."""
    counts = {category: len(full.get(category, ())) for category in named or full}
    few = [f"{category} {count}" for category, count in counts.items() if count < least]
    if named is None:
        enough = counted(len(counts) - len(few), "category has", "categories have")
        return [f"{enough} {least} such images or more; the most numerous were taken."]
    notes = ["The categories are the paper's." if named == CATEGORIES else "They were named."]
    if few:
        notes.append(f"Left out, with fewer than {least} such images: {', '.join(few)}.")
    return notes


def _odd_notes(odd: Counter) -> list[str]:
    """Say what was left out or changed of the chosen images' annotations."""
    left_out = {
        DELETED: "marked as deleted",
        NAMELESS: "without a name",
        SHORT: "of fewer than three points",
        "outside": "outside the image",
    }
    counts = [f"{odd[key]:,} {what}" for key, what in left_out.items() if odd[key]]
    notes = [f"Polygons left out: {', '.join(counts)}."] if counts else []
    if odd[CORRECTED]:
        notes.append(
            f"{counted(odd[CORRECTED], 'name')} corrected (tags, spelling, number) by labelme.yaml."
        )
    return notes
