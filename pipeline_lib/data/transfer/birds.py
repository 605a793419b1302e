"""CUB-200-2011: birds, with one box in each image and one official split.

Source: the archive's README. Its tables are joined by image ids, which start at 1; the boxes are
``x y width height`` in pixels. The set's segmentations, an archive of their own, are read where they
are unpacked inside the set's folder or beside it: ``segmentations/<class folder>/<image>.png``, whose
gray is the share of annotators who take a pixel for the bird's.
"""

import math
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from pipeline_lib.common.command import progress
from pipeline_lib.common.errors import InputError
from pipeline_lib.data.image_files import existing, images_below, mask_rows
from pipeline_lib.data.manifest import ImageSet, Summary
from pipeline_lib.data.reading import UNLISTED, image_size, report
from pipeline_lib.data.transfer.listing import read_lines, readable
from pipeline_lib.data.transfer.notes import OfficialCounts, official_split_notes, size_notes
from pipeline_lib.data.transfer.sets import SplitSpec
from pipeline_lib.data.transfer.splits import official_split

SEGMENTATIONS = "segmentations"
OFFICIAL = OfficialCounts(11_788, 200, 5_994, 5_794)


class _Table(dict):
    """One of the set's tables: ``{id: the parsed rest of its line}``.

    Raises InputError for a malformed line (``form`` is what a line should be), a repeated id, and on
    access to a missing id.
    """

    def __init__(self, path: Path, form: str, parse: Callable[..., object]):
        super().__init__()
        self.path = path
        for line in read_lines(path):
            number, *fields = line.split()
            try:
                if int(number) in self:
                    raise ValueError
                self[int(number)] = parse(*fields)
            except (ValueError, TypeError):
                raise InputError(
                    f"{path}: '{line}' is not '{form}' with a new id; unpack the archive again"
                ) from None

    def __missing__(self, number: int) -> None:
        raise InputError(f"{self.path}: has no line for {number}; unpack the archive again")


def read_cub(root: Path, spec: SplitSpec) -> ImageSet:
    """Read the images of ``images.txt`` that are there, with their sizes, boxes, split and masks.

    The boxes are as published: some reach a pixel over the border. Raises InputError if there is no
    image, for a malformed line, an image that a table lacks, and a box outside its image.
    """
    names = _Table(root / "images.txt", "id name", _name)
    class_names = _Table(root / "classes.txt", "id name", _name)
    class_ids = _Table(root / "image_class_labels.txt", "id class", int)
    subsets = _Table(root / "train_test_split.txt", "id 0-or-1", _subset)
    corners = _Table(root / "bounding_boxes.txt", "id x y width height", _box)
    files = {number: root / "images" / name for number, name in names.items()}
    listed = set(files.values())
    images_below(root / "images", listed.__contains__, UNLISTED)
    there = set(existing(listed))
    present = {number: name for number, name in names.items() if files[number] in there}
    if not present:
        raise InputError(f"{root / 'images'}: no image of images.txt in it; put or link them there")
    images, boxes = [], []
    for number, name in progress(present.items(), "reading birds"):
        label, path, box = class_names[class_ids[number]], f"images/{name}", corners[number]
        width, height = image_size(root / path)
        if not (box[0] < width and box[1] < height and box[2] > 0 and box[3] > 0):
            size = f"{width} x {height}"
            report(corners.path, f"the box of {name} is outside its {size} pixels", "correct it")
            continue
        images.append((name, path, label, width, height, 0))
        boxes.append((name, label, *box))
    label_of = {row[0]: row[2] for row in images}
    labels = set(label_of.values())
    classes = [
        (label, number, readable(label.partition(".")[2] or label))
        for number, label in sorted(class_names.items())
        if label in labels
    ]
    listed = {"train": [], "test": []}
    for number, name in names.items():
        listed[subsets[number]].append(name)
    splits, missing = official_split("1", listed, label_of, subsets.path)
    notes = size_notes(len(images), len(classes), OFFICIAL)
    notes += official_split_notes(splits, len(classes), len(missing), OFFICIAL)
    summary = Summary(spec.paper.name, len(images), OFFICIAL.images, notes)
    inside = (root / SEGMENTATIONS).is_dir()
    masks = mask_rows(
        root,
        SEGMENTATIONS if inside else f"../{SEGMENTATIONS}",
        {row[0]: str(PurePosixPath(row[0]).with_suffix(".png")) for row in images},
    )
    return ImageSet(images, boxes, classes, summary, splits, masks=masks)


def _name(name: str) -> str:
    return name


def _subset(flag: str) -> str:
    return ("test", "train")[("0", "1").index(flag)]


def _box(*fields: str) -> tuple[float, float, float, float]:
    """Return the half-open box of ``x y width height``."""
    x, y, width, height = map(float, fields)
    if not (width > 0 and height > 0 and all(map(math.isfinite, (x, y, width, height)))):
        raise ValueError
    return x, y, x + width, y + height
