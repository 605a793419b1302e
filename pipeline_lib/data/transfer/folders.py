"""Sets with a folder for each class and random splits: Scene15, Caltech101 and 256, Event8.

Sources: the archives' own layouts. Caltech101's BACKGROUND_Google and Caltech256's 257.clutter are no
classes; the strays 056.dog/greg (a folder) and 198.spider/RENAME2 (not an image) are skipped.
"""

import re
from collections.abc import Collection
from pathlib import Path

from pipeline_lib.data.manifest import ImageSet, Summary
from pipeline_lib.data.transfer.listing import folders_with_images, image_rows, readable
from pipeline_lib.data.transfer.notes import OfficialCounts, random_split_notes, size_notes
from pipeline_lib.data.transfer.sets import SplitSpec
from pipeline_lib.data.transfer.splits import random_splits


def read_scene15(root: Path, spec: SplitSpec) -> ImageSet:
    """Read ``<class>/image_*.jpg``; raises InputError if there is none."""
    return _read(root, spec, OfficialCounts(4_485, 15))


def read_caltech101(root: Path, spec: SplitSpec) -> ImageSet:
    """Read ``<class>/image_*.jpg`` except the background; raises InputError if there is none."""
    return _read(root, spec, OfficialCounts(8_677, 101), excluded=("BACKGROUND_Google",))


def read_caltech256(root: Path, spec: SplitSpec) -> ImageSet:
    """Read ``NNN.class/NNN_MMMM.jpg`` except the clutter; raises InputError if there is none.

    Folders not called ``NNN.class`` are skipped.
    """
    return _read(
        root,
        spec,
        OfficialCounts(29_780, 256),
        name_pattern=r"(\d{3})\.(.+)",
        excluded=("257.clutter",),
    )


def read_event8(root: Path, spec: SplitSpec) -> ImageSet:
    """Read ``[event_img/]<class>/*.jpg``; raises InputError if there is none."""
    below = "event_img" if (root / "event_img").is_dir() else ""
    return _read(root, spec, OfficialCounts(1_579, 8), below)


def _read(
    root: Path,
    spec: SplitSpec,
    official: OfficialCounts,
    below: str = "",
    name_pattern: str = "()(.+)",
    excluded: Collection[str] = (),
) -> ImageSet:
    """Read the class folders of ``root/below``, whose names match ``name_pattern``, (number)(name)."""

    def named(label: str) -> re.Match | None:
        return re.fullmatch(name_pattern, label)

    images_of = folders_with_images(root / below, named, excluded)
    classes = [
        (label, int(match[1] or position), readable(match[2]))
        for position, (label, match) in enumerate(
            zip(images_of, map(named, images_of), strict=True), 1
        )
    ]
    images = image_rows(images_of, below)
    splits, sizes = random_splits(images_of, spec)
    notes = size_notes(len(images), len(classes), official) + random_split_notes(sizes, spec)
    summary = Summary(spec.paper.name, len(images), official.images, notes)
    return ImageSet(images, [], classes, summary, splits)
