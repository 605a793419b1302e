"""Images with boxes in the lists of Choe et al. 2020 (github.com/clovaai/wsolevaluation, metadata/).

``class_labels.txt`` has a line ``path,number`` for each image, ``localization.txt`` a line
``path,x0,y0,x1,y1`` for each box, in inclusive pixels of the image. Thresholds are chosen on them.
"""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from pipeline_lib.common.command import progress
from pipeline_lib.common.errors import InputError
from pipeline_lib.data.image_files import existing
from pipeline_lib.data.manifest import ImageSet, Summary
from pipeline_lib.data.reading import image_size
from pipeline_lib.data.transfer.listing import read_lines
from pipeline_lib.data.transfer.notes import counted


def read_choe_lists(
    title: str,
    root: Path,
    metadata: str,
    labels: Sequence[str],
    classes: list[tuple],
    size: int,
) -> ImageSet:
    """Read the listed images that exist, and their boxes; the summary counts what is missing.

    The lists are in ``root / metadata``, their paths start at ``root``; a class's number is its place in
    ``labels``. ``classes`` are the rows of the manifest, ``size`` the number of images of the whole set.
    Raises InputError for a list that is missing or has an invalid line, for a box that is not in its
    image, and if no image exists.
    """
    label_of = {
        name: _label(path, number, rest, labels)
        for path, number, (name, *rest) in _lines(root / metadata / "class_labels.txt", 2)
    }
    boxes_of = defaultdict(list)
    for path, number, (name, *corners) in _lines(root / metadata / "localization.txt", 5):
        boxes_of[name].append((path, number, corners))
    files = set(existing((root / name for name in label_of), headers=True))
    images, boxes, without = [], [], 0
    for name, label in progress(label_of.items(), f"reading {title}"):
        if root / name not in files:
            continue
        image = str(PurePosixPath(name).with_suffix(""))
        width, height = image_size(root / name)
        images.append((image, name, label, width, height, 0))
        without += name not in boxes_of
        for path, number, corners in boxes_of[name]:
            boxes.append((image, label, *_box(path, number, corners, width, height)))
    if not images:
        raise InputError(f"{root}: none of the images in {metadata}; unpack them there")
    absent = len(label_of) - len(images)
    notes = [f"{counted(absent, 'image')} of the list not found."] if absent else []
    box_notes = [f"{counted(without, 'image')} without a box."] if without else []
    return ImageSet(images, boxes, classes, Summary(title, len(images), size, notes, box_notes))


def _lines(path: Path, count: int) -> list[tuple[Path, int, list[str]]]:
    """Return a list's file, and each line's number and ``count`` values."""
    lines = [(number, line.split(",")) for number, line in enumerate(read_lines(path), 1)]
    for number, values in lines:
        if len(values) != count:
            raise InputError(
                f"{path}: line {number} has {len(values)} values, not {count}; fetch it again"
            )
    return [(path, number, values) for number, values in lines]


def _label(path: Path, number: int, rest: list[str], labels: Sequence[str]) -> str:
    (text,) = rest
    if not (text.isdecimal() and int(text) < len(labels)):
        raise InputError(
            f"{path}: line {number}: class '{text}' is none of the {len(labels):,} of the data set"
        )
    return labels[int(text)]


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
