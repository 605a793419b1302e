"""Sets whose classes are folders and whose splits are drawn: Scene15, Caltech101 and 256, Event8.

Sources: the archives' own layouts. Caltech101's BACKGROUND_Google and Caltech256's 257.clutter are no
classes; the strays 056.dog/greg (a folder) and 198.spider/RENAME2 (no image) are passed over.
"""

import re
from pathlib import Path

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.manifest import ImageSet, Summary
from pipeline_lib.data.transfer.listing import folders_with_images, image_rows, readable
from pipeline_lib.data.transfer.notes import Official, drawn_notes, found_notes
from pipeline_lib.data.transfer.sets import Asked
from pipeline_lib.data.transfer.splits import random_splits


def read_scene15(root: Path, asked: Asked) -> ImageSet:
    """Read ``<class>/image_*.jpg``; raises InputError where there is none."""
    return _read(root, asked, Official(4_485, 15))


def read_caltech101(root: Path, asked: Asked) -> ImageSet:
    """Read ``<class>/image_*.jpg`` but the background; raises InputError where there is none."""
    return _read(root, asked, Official(8_677, 101), dropped="BACKGROUND_Google")


def read_caltech256(root: Path, asked: Asked) -> ImageSet:
    """Read ``NNN.class/NNN_MMMM.jpg`` but the clutter; raises InputError where there is none.

    Folders not called ``NNN.class`` are passed over.
    """
    return _read(root, asked, Official(29_780, 256), form=r"(\d{3})\.(.+)", dropped="257.clutter")


def read_event8(root: Path, asked: Asked) -> ImageSet:
    """Read ``[event_img/]<class>/*.jpg``; raises InputError where there is none."""
    below = "event_img" if (root / "event_img").is_dir() else ""
    return _read(root, asked, Official(1_579, 8), below)


def _read(
    root: Path,
    asked: Asked,
    official: Official,
    below: str = "",
    form: str = "()(.+)",
    dropped: str | None = None,
) -> ImageSet:
    """Read the class folders of ``root/below``, whose names have the ``form`` (number)(name)."""
    named = {
        label: (match, images)
        for label, images in folders_with_images(root / below).items()
        if label != dropped and (match := re.fullmatch(form, label))
    }
    if not named:
        raise InputError(f"{root / below}: no class in it; put or link its folders there")
    images_of = {label: images for label, (_, images) in named.items()}
    classes = [
        (label, int(match[1] or position), readable(match[2]))
        for position, (label, (match, _)) in enumerate(named.items(), 1)
    ]
    images = image_rows(images_of, below)
    splits, sizes = random_splits(images_of, asked)
    notes = found_notes(len(images), len(classes), official) + drawn_notes(sizes, asked)
    summary = Summary(asked.paper.name, len(images), official.images, notes)
    return ImageSet(images, [], classes, summary, splits)
