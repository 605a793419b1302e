"""Places205 in its official layout, complete or partial.

Below the data set's folder, as its two archives unpack: ``trainvalsplit_places205/`` with
``{train,val}_places205.csv`` (each line a path and a class number) and ``test_places205.csv`` (each line
a path); and the images, ``data/vision/torralba/deeplearning/images256/<letter>/<class>/*.jpg``.
"""

from pathlib import Path

from pipeline_lib.common.command import progress
from pipeline_lib.common.errors import InputError
from pipeline_lib.data.image_files import existing
from pipeline_lib.data.manifest import ImageSet, Summary
from pipeline_lib.data.reading import image_size
from pipeline_lib.data.transfer.listing import read_lines, readable
from pipeline_lib.data.transfer.notes import counted

SUBSET_SIZES = {"train": 2_448_873, "val": 20_500, "test": 41_000}
CLASSES = 205
LISTS = "trainvalsplit_places205"
IMAGES = "data/vision/torralba/deeplearning/images256"


def read_places205(root: Path, subset: str) -> ImageSet:
    """Read the images of a subset's list that exist; the summary counts the missing ones.

    A label is the class number, 0 to 204, as text; the class's name is the folder of its images. Sizes
    are read from the val and test images only, because training warps. Raises InputError for a list
    that is missing or has an invalid line, and if no image exists.
    """
    path = root / LISTS / f"{subset}_places205.csv"
    listed = [
        _parse_line(path, number, line, labelled=subset != "test")
        for number, line in enumerate(read_lines(path), 1)
    ]
    names = {label: readable(Path(name).parent.name) for name, label in reversed(listed) if label}
    files = set(existing((root / IMAGES / name for name, _ in listed), headers=subset != "train"))
    images = []
    for name, label in progress(listed, f"reading {subset}"):
        file = root / IMAGES / name
        if file in files:
            size = ("", "") if subset == "train" else image_size(file)
            images.append((name.removesuffix(".jpg"), f"{IMAGES}/{name}", label, *size, 0))
    if not images:
        raise InputError(f"{root / IMAGES}: none of the images in {path}; unpack them there")
    absent = len(listed) - len(images)
    notes = [f"{counted(absent, 'image')} of the official list not found."] if absent else []
    classes = [(label, int(label), names[label]) for label in sorted(names, key=int)]
    summary = Summary(f"Places205 {subset}", len(images), SUBSET_SIZES[subset], notes)
    return ImageSet(images, [], classes, summary)


def _parse_line(path: Path, number: int, line: str, labelled: bool) -> tuple[str, str]:
    """Return a line's image path, below the image folder, and its label ("" in an unlabelled list)."""
    name, _, label = line.rpartition(" ") if labelled else (line, "", "")
    if labelled and not (label.isdecimal() and int(label) < CLASSES):
        raise InputError(
            f"{path}: line {number} is '{line[:60]}', not a path and a number below {CLASSES}; "
            "unpack it again"
        )
    return name.strip().lstrip("/"), label
