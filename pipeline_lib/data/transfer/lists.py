"""Sets whose official splits are lists of images: SUN397, MIT Indoor67, Action40.

Sources: the archives' own layouts; SUN397's Partitions.zip, Indoor67's TrainImages.txt and
TestImages.txt, Stanford 40 Actions' ImageSplits.zip. Action40's person boxes are not used: the paper
does not mention them.
"""

from pathlib import Path

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.image_files import image_names, leads_nowhere
from pipeline_lib.data.manifest import ImageSet, Summary
from pipeline_lib.data.reading import pass_over
from pipeline_lib.data.transfer.listing import (
    first_existing,
    folders_with_images,
    image_rows,
    read_lines,
    readable,
)
from pipeline_lib.data.transfer.notes import (
    OfficialCounts,
    counted,
    official_split_notes,
    size_notes,
)
from pipeline_lib.data.transfer.sets import SplitSpec
from pipeline_lib.data.transfer.splits import official_split

SUN397 = OfficialCounts(108_754, 397, 19_850, 19_850)
INDOOR67 = OfficialCounts(15_620, 67, 5_360, 1_340)
ACTION40 = OfficialCounts(9_532, 40, 4_000, 5_532)


def read_sun397(root: Path, spec: SplitSpec) -> ImageSet:
    """Read ``<letter>/<class>[/<subclass>]/sun_*.jpg`` of the classes in ``ClassName.txt``.

    The splits are the first ``spec.splits`` of ``Partitions/Training_NN.txt`` and
    ``Testing_NN.txt``. Classes without images, missing partitions and missing listed images are
    counted in the notes. Raises InputError if there is no class list, image or partition.
    """
    class_list = first_existing(root / "ClassName.txt", root / "Partitions" / "ClassName.txt")
    images_of, classes = {}, []
    folders = [line.strip("/") for line in read_lines(class_list)]
    known = {path for name in folders for path in (root / name, *(root / name).parents)}
    for number, folder in enumerate(folders, 1):
        leads_nowhere(root / folder)
        names = image_names(root / folder, known_folders=known)
        if names:
            label = folder.partition("/")[2]  # the first folder is only the class's first letter
            images_of[label] = [f"{folder}/{name}" for name in names]
            classes.append((label, number, readable(label).replace("/", ", ")))
    if not classes:
        raise InputError(
            f"{class_list}: none of its classes has an image in {root}; put them there"
        )
    partitions = {}
    for number in range(1, spec.splits + 1):
        lists = [
            root / "Partitions" / f"{subset}_{number:02}.txt" for subset in ("Training", "Testing")
        ]
        if all(path.exists() for path in lists):
            partitions[str(number)] = (lists[0], *map(_sun_names, lists))
    if not partitions:
        raise InputError(
            f"{root / 'Partitions'}: no Training_01.txt with Testing_01.txt; unpack Partitions.zip"
        )
    notes = []
    if len(partitions) != spec.paper.splits:
        missing = spec.splits - len(partitions)
        notes.append(
            f"{counted(len(partitions), 'official partition')} instead of {spec.paper.splits}"
            + (f"; {missing} not found." if missing else ".")
        )
    return _assemble(spec, images_of, "", classes, SUN397, partitions, notes)


def read_indoor67(root: Path, spec: SplitSpec) -> ImageSet:
    """Read ``Images/<class>/*.jpg`` and the split in ``TrainImages.txt`` and ``TestImages.txt``.

    The lists are in ``root`` or beside it; some of their names differ in case from the files'. Raises
    InputError if there is no image and if a list is missing.
    """
    images_of = folders_with_images(root / "Images")
    classes = [(label, number, readable(label)) for number, label in enumerate(images_of, 1)]
    present = {image for images in images_of.values() for image in images}
    by_lower = {image.lower(): image for image in sorted(present)}
    paths = [
        first_existing(root / name, root.parent / name)
        for name in ("TrainImages.txt", "TestImages.txt")
    ]
    train, test = (
        [name if name in present else by_lower.get(name.lower(), name) for name in read_lines(path)]
        for path in paths
    )
    return _assemble(
        spec, images_of, "Images", classes, INDOOR67, {"1": (paths[0], train, test)}, []
    )


def read_action40(root: Path, spec: SplitSpec) -> ImageSet:
    """Read ``JPEGImages/<action>_NNN.jpg`` and ``ImageSplits/<action>_{train,test}.txt``.

    The actions are those of ``ImageSplits/actions.txt``, whose first line is a header. Raises
    InputError if a list is missing and if there is no image.
    """
    folder, lists = root / "JPEGImages", root / "ImageSplits"
    names = image_names(folder)
    images_of, classes = {}, []
    train, test = [], []
    actions = [line.split()[0] for line in read_lines(lists / "actions.txt")[1:]]
    for number, action in enumerate(actions, 1):
        images = [name for name in names if name.rpartition("_")[0] == action]
        if images:
            images_of[action] = images
            classes.append((action, number, readable(action)))
        train += read_lines(lists / f"{action}_train.txt")
        test += read_lines(lists / f"{action}_test.txt")
    for name in names:
        if name.rpartition("_")[0] not in actions:
            pass_over(folder / name, ("image of no action", "images of no action"))
    if not classes:
        raise InputError(
            f"{folder}: no image of an action in {lists / 'actions.txt'}; put them there"
        )
    return _assemble(
        spec, images_of, "JPEGImages", classes, ACTION40, {"1": (lists, train, test)}, []
    )


def _sun_names(path: Path) -> list[str]:
    return [line.lstrip("/") for line in read_lines(path)]


def _assemble(
    spec: SplitSpec,
    images_of: dict[str, list[str]],
    below: str,
    classes: list[tuple],
    official: OfficialCounts,
    lists: dict[str, tuple[Path, list[str], list[str]]],
    notes: list[str],
) -> ImageSet:
    """Return the set with the splits of ``{split: (path, train, test)}``, and its notes."""
    images = image_rows(images_of, below)
    label_of = {row[0]: row[2] for row in images}
    splits, missing = [], set()
    for split, (path, train, test) in lists.items():
        rows, missing_in_split = official_split(
            split, {"train": train, "test": test}, label_of, path
        )
        splits += rows
        missing |= missing_in_split
    notes = [
        *size_notes(len(images), len(classes), official),
        *notes,
        *official_split_notes(splits, len(classes), len(missing), official),
    ]
    summary = Summary(spec.paper.name, len(images), official.images, notes)
    return ImageSet(images, [], classes, summary, splits)
