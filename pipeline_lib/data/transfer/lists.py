"""Scenes and actions whose official splits are lists of images: SUN397, MIT Indoor67, Action40.

Sources: the archives' own layouts; SUN397's Partitions.zip, Indoor67's TrainImages.txt and
TestImages.txt, Stanford 40 Actions' ImageSplits.zip. Action40's person boxes are not used: the paper
says nothing of them.
"""

from pathlib import Path

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.manifest import ImageSet, Summary
from pipeline_lib.data.transfer.listing import (
    first_existing,
    folders_with_images,
    image_names,
    image_rows,
    read_lines,
    readable,
)
from pipeline_lib.data.transfer.notes import Official, counted, found_notes, official_notes
from pipeline_lib.data.transfer.sets import Asked
from pipeline_lib.data.transfer.splits import listed_split

SUN397 = Official(108_754, 397, 19_850, 19_850)
INDOOR67 = Official(15_620, 67, 5_360, 1_340)
ACTION40 = Official(9_532, 40, 4_000, 5_532)


def read_sun397(root: Path, asked: Asked) -> ImageSet:
    """Read ``<letter>/<class>[/<subclass>]/sun_*.jpg`` of the classes in ``ClassName.txt``.

    The splits are the first ``asked.splits`` of ``Partitions/Training_NN.txt`` and
    ``Testing_NN.txt``. A class without images, a partition that is absent and listed images that
    are absent are counted in the notes. Raises InputError for no class list, image or partition.
    """
    class_list = first_existing(root / "ClassName.txt", root / "Partitions" / "ClassName.txt")
    images_of, classes = {}, []
    for number, line in enumerate(read_lines(class_list), 1):
        folder = line.strip("/")
        names = image_names(root / folder) if (root / folder).is_dir() else []
        if names:
            label = folder.partition("/")[2]  # the first folder is only the class's first letter
            images_of[label] = [f"{folder}/{name}" for name in names]
            classes.append((label, number, readable(label).replace("/", ", ")))
    if not classes:
        raise InputError(
            f"{class_list}: none of its classes has an image in {root}; put them there"
        )
    partitions = {}
    for number in range(1, asked.splits + 1):
        lists = [
            root / "Partitions" / f"{part}_{number:02}.txt" for part in ("Training", "Testing")
        ]
        if all(path.exists() for path in lists):
            partitions[str(number)] = (lists[0], *map(_sun_names, lists))
    if not partitions:
        raise InputError(
            f"{root / 'Partitions'}: no Training_01.txt with Testing_01.txt; unpack Partitions.zip"
        )
    notes = []
    if len(partitions) != asked.paper.splits:
        absent = asked.splits - len(partitions)
        notes.append(
            f"{counted(len(partitions), 'official partition')} instead of {asked.paper.splits}"
            + (f"; {absent} not found." if absent else ".")
        )
    return _assemble(asked, images_of, "", classes, SUN397, partitions, notes)


def read_indoor67(root: Path, asked: Asked) -> ImageSet:
    """Read ``Images/<class>/*.jpg`` and the split in ``TrainImages.txt`` and ``TestImages.txt``.

    The lists lie in ``root`` or beside it and differ in case from some folders and files. Raises
    InputError for no image and for a list that is missing.
    """
    images_of = folders_with_images(root / "Images")
    classes = [(label, number, readable(label)) for number, label in enumerate(images_of, 1)]
    there = {image for images in images_of.values() for image in images}
    by_lower = {image.lower(): image for image in sorted(there)}
    paths = [
        first_existing(root / name, root.parent / name)
        for name in ("TrainImages.txt", "TestImages.txt")
    ]
    train, test = (
        [name if name in there else by_lower.get(name.lower(), name) for name in read_lines(path)]
        for path in paths
    )
    return _assemble(
        asked, images_of, "Images", classes, INDOOR67, {"1": (paths[0], train, test)}, []
    )


def read_action40(root: Path, asked: Asked) -> ImageSet:
    """Read ``JPEGImages/<action>_NNN.jpg`` and ``ImageSplits/<action>_{train,test}.txt``.

    The actions are those of ``ImageSplits/actions.txt``, whose first line is a header. Raises
    InputError for a list that is missing and for no image.
    """
    folder, lists = root / "JPEGImages", root / "ImageSplits"
    names = image_names(folder) if folder.is_dir() else []
    images_of, classes = {}, []
    train, test = [], []
    for number, line in enumerate(read_lines(lists / "actions.txt")[1:], 1):
        action = line.split()[0]
        images = [name for name in names if name.rpartition("_")[0] == action]
        if images:
            images_of[action] = images
            classes.append((action, number, readable(action)))
        train += read_lines(lists / f"{action}_train.txt")
        test += read_lines(lists / f"{action}_test.txt")
    if not classes:
        raise InputError(
            f"{folder}: no image of an action in {lists / 'actions.txt'}; put them there"
        )
    return _assemble(
        asked, images_of, "JPEGImages", classes, ACTION40, {"1": (lists, train, test)}, []
    )


def _sun_names(path: Path) -> list[str]:
    return [line.lstrip("/") for line in read_lines(path)]


def _assemble(
    asked: Asked,
    images_of: dict[str, list[str]],
    below: str,
    classes: list[tuple],
    official: Official,
    lists: dict[str, tuple[Path, list[str], list[str]]],
    notes: list[str],
) -> ImageSet:
    """Return the set with the splits of ``{split: (where, train, test)}``, and its notes."""
    images = image_rows(images_of, below)
    label_of = {row[0]: row[2] for row in images}
    splits, absent = [], set()
    for split, (where, train, test) in lists.items():
        rows, missing = listed_split(split, {"train": train, "test": test}, label_of, where)
        splits += rows
        absent |= missing
    notes = [
        *found_notes(len(images), len(classes), official),
        *notes,
        *official_notes(splits, len(classes), len(absent), official),
    ]
    summary = Summary(asked.paper.name, len(images), official.images, notes)
    return ImageSet(images, [], classes, summary, splits)
