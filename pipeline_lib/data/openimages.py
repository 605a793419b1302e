"""OpenImages30k: the part of OpenImages V5 that Choe et al. 2020 chose, with object masks.

Below the data set's folder, ``<data_root>/openimages30k``:

- ``metadata/{train,val,test}/``, as in ``metadata/OpenImages`` of the authors' repository
  (github.com/clovaai/wsolevaluation): ``image_ids.txt`` (a path on each line), ``class_labels.txt``
  (``path,number``), and but for train ``localization.txt`` (``path,mask,ignore``). An image may have
  several lines there, one for each mask; ``ignore`` may be empty
- ``{train,val,test}/<class>/*.jpg`` and the masks beside them, ``<image>_m<class>_*.png`` and
  ``<image>_ignore.png``, as the two archives unpack that the README there names

Paths in the lists are relative to the data set's folder; those of images are their ids. A class's folder
is its id in OpenImages, without the ``/m/`` before it.
"""

from collections.abc import Collection
from pathlib import Path, PurePosixPath

from pipeline_lib.common.command import progress
from pipeline_lib.common.errors import InputError
from pipeline_lib.data.image_files import existing
from pipeline_lib.data.manifest import ImageSet, Summary
from pipeline_lib.data.reading import image_size, report
from pipeline_lib.data.transfer.listing import read_lines
from pipeline_lib.data.transfer.notes import counted

SUBSET_SIZES = {"train": 29_819, "val": 2_500, "test": 5_000}
CLASSES = 100
METADATA = "metadata"
_ADVICE = "copy it again from the authors' metadata/OpenImages"


def read_openimages_split(root: Path) -> ImageSet:
    """Read the train images, and the test images with their masks, as one split of one set.

    The val images are not in it: they are there to choose thresholds, and PxAP has none. Raises
    InputError as ``read_openimages``.
    """
    train, test = (read_openimages(root, subset, with_sizes=True) for subset in ("train", "test"))
    splits = [
        (1, subset, row[0], row[2])
        for subset, part in (("train", train), ("test", test))
        for row in part.images
    ]
    classes = {row[0]: row for part in (train, test) for row in part.classes}
    expected = SUBSET_SIZES["train"] + SUBSET_SIZES["test"]
    notes = [
        f"{subset}: {note}"
        for subset, part in (("train", train), ("test", test))
        for note in part.summary.notes
    ]
    images = [*train.images, *test.images]
    summary = Summary("OpenImages30k train and test", len(images), expected, notes)
    ordered = [classes[label] for label in sorted(classes, key=int)]
    return ImageSet(images, [], ordered, summary, splits, masks=test.masks)


def read_openimages(root: Path, subset: str, with_sizes: bool | None = None) -> ImageSet:
    """Read the images of a subset's list that exist, with their masks; the summary counts the missing.

    A label is the class number, 0 to 99, as text; the class's name is its id in OpenImages. Sizes of
    the train images are read only ``with_sizes``, because training warps. Raises InputError for a list
    that is missing or has an invalid line, for an image without a class, if no image exists, and if some
    masks are missing; where none is there, a note says so.
    """
    if with_sizes is None:
        with_sizes = subset != "train"
    folder = root / METADATA / subset
    listed, label_of = read_lines(folder / "image_ids.txt"), _labels(folder / "class_labels.txt")
    files = set(existing((root / name for name in listed), headers=with_sizes))
    images, names = [], {}
    for name in progress(listed, f"reading {subset}"):
        if name not in label_of:
            raise InputError(f"{folder / 'class_labels.txt'}: has no line for {name}; {_ADVICE}")
        label = label_of[name]
        if root / name in files:
            size = image_size(root / name) if with_sizes else ("", "")
            images.append((name, name, label, *size, 0))
            names.setdefault(label, f"/m/{PurePosixPath(name).parent.name}")
    if not images:
        raise InputError(f"{root}: none of the images in {folder}/image_ids.txt; unpack them there")
    absent = len(listed) - len(images)
    notes = [f"{counted(absent, 'image')} of the official list not found."] if absent else []
    masks = []
    if (path := folder / "localization.txt").exists():
        masks = _masks(root, path, {row[0] for row in images})
        notes += [] if masks else ["No mask found: nothing is measured on pixels."]
    classes = [(label, int(label), names[label]) for label in sorted(names, key=int)]
    summary = Summary(f"OpenImages30k {subset}", len(images), SUBSET_SIZES[subset], notes)
    return ImageSet(images, [], classes, summary, masks=masks)


def _labels(path: Path) -> dict[str, str]:
    """Return the class number of each image, as text."""
    labels = {}
    for line in read_lines(path):
        name, _, label = line.rpartition(",")
        if not (name and label.isdecimal() and int(label) < CLASSES):
            raise InputError(
                f"{path}: '{line[:60]}' is not a path and a number below {CLASSES}; {_ADVICE}"
            )
        labels[name] = label
    return labels


def _masks(root: Path, path: Path, images: Collection[str]) -> list[tuple[str, str, str]]:
    """Return the lines of ``images``, those of images whose masks are all there; [] if none's are.

    What is missing of the others is reported.
    """
    rows, missing = [], {}
    for line in read_lines(path):
        fields = tuple(line.split(","))
        if len(fields) != 3 or not fields[0] or not fields[1]:
            raise InputError(f"{path}: '{line[:60]}' is not 'path,mask,ignore'; {_ADVICE}")
        name, *files = fields
        if name in images:
            rows.append(fields)
            absent = [file for file in files if file and not (root / file).is_file()]
            missing.setdefault(name, []).extend(absent)
    whole = {name for name, absent in missing.items() if not absent}
    if whole:
        for absent in missing.values():
            for file in absent:
                report(root / file, "not found", "unpack the masks again")
    return [row for row in rows if row[0] in whole]
