"""ImageNetV2 with the boxes of Choe et al. 2020: the images that thresholds are chosen on.

Below ILSVRC's folder: ``val2/<class>/*.jpeg``, ImageNetV2's images, the class a number from 0 to 999
in the order of the WNIDs; and ``metadata/val/``, from the folder ``metadata/ILSVRC`` of that work's
code: ``class_labels.txt`` (a line ``val2/0/0.jpeg,0`` for each image) and ``localization.txt`` (a line
``val2/0/0.jpeg,x0,y0,x1,y1`` for each box, in inclusive pixels of the image). The devkit of ILSVRC
names the classes.
"""

from collections import defaultdict
from pathlib import Path, PurePosixPath

from pipeline_lib.common.command import progress
from pipeline_lib.common.errors import InputError
from pipeline_lib.data.ilsvrc import DEVKIT, read_classes
from pipeline_lib.data.image_files import existing
from pipeline_lib.data.manifest import ImageSet, Summary
from pipeline_lib.data.reading import image_size
from pipeline_lib.data.transfer.listing import read_lines
from pipeline_lib.data.transfer.notes import counted

IMAGES, METADATA = "val2", "metadata/val"
SIZE = 10_000


def read_imagenetv2(root: Path) -> ImageSet:
    """Read the listed images that exist, and their boxes; the summary counts what is missing.

    ``root`` is ILSVRC's folder. A label is a WNID. Raises InputError for a list that is missing or has
    an invalid line, for a box that is not in its image, and if no image exists.
    """
    classes = read_classes(root)
    wnids = [wnid for wnid, _, _ in classes]  # sorted
    labels = {
        name: _label(path, number, rest, wnids)
        for path, number, (name, *rest) in _lines(root, "class_labels.txt", 2)
    }
    boxes_of = defaultdict(list)
    for path, number, (name, *corners) in _lines(root, "localization.txt", 5):
        boxes_of[name].append((path, number, corners))
    files = set(existing((root / name for name in labels), headers=True))
    images, boxes, without = [], [], 0
    for name, label in progress(labels.items(), "reading ImageNetV2"):
        if root / name not in files:
            continue
        image = str(PurePosixPath(name).with_suffix(""))
        width, height = image_size(root / name)
        images.append((image, name, label, width, height, 0))
        without += name not in boxes_of
        for path, number, corners in boxes_of[name]:
            boxes.append((image, label, *_box(path, number, corners, width, height)))
    if not images:
        raise InputError(f"{root / IMAGES}: none of the images in {METADATA}; unpack them there")
    absent = len(labels) - len(images)
    notes = [f"{counted(absent, 'image')} of the list not found."] if absent else []
    box_notes = [f"{counted(without, 'image')} without a box."] if without else []
    summary = Summary("ImageNetV2", len(images), SIZE, notes, box_notes)
    return ImageSet(images, boxes, classes, summary)


def _lines(root: Path, name: str, count: int) -> list[tuple[Path, int, list[str]]]:
    """Return a list's file, and each line's number and ``count`` values."""
    path = root / METADATA / name
    lines = [(number, line.split(",")) for number, line in enumerate(read_lines(path), 1)]
    for number, values in lines:
        if len(values) != count:
            raise InputError(
                f"{path}: line {number} has {len(values)} values, not {count}; fetch it again"
            )
    return [(path, number, values) for number, values in lines]


def _label(path: Path, number: int, rest: list[str], wnids: list[str]) -> str:
    (text,) = rest
    if not (text.isdecimal() and int(text) < len(wnids)):
        raise InputError(
            f"{path}: line {number}: class '{text}' is none of the {len(wnids):,} of {DEVKIT}"
        )
    return wnids[int(text)]


def _box(
    path: Path, number: int, corners: list[str], width: int, height: int
) -> tuple[int, int, int, int]:
    """Return a line's box, half-open. Raises InputError for one that is not in its image."""
    try:
        x0, y0, x1, y1 = map(int, corners)
    except ValueError:
        raise InputError(
            f"{path}: line {number}: {','.join(corners)[:60]} is no box; fetch it again"
        ) from None
    if not (0 <= x0 <= x1 < width + 1 and 0 <= y0 <= y1 < height + 1):
        raise InputError(
            f"{path}: line {number}: box {x0},{y0},{x1},{y1} is not in its image of {width}x{height}"
        )
    return x0, y0, min(x1 + 1, width), min(y1 + 1, height)
