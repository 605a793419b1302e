"""CUBV2, the birds that Choe et al. 2020 collected: the images that thresholds are chosen on.

``<data_root>/CUBV2/<class folder>/*.jpg``, and beside them ``metadata/val/``, the lists of
``choe_lists``, from the folder ``metadata/CUB`` of that work's code. Classes are those of
CUB-200-2011, by the name of their folder.
"""

from pathlib import Path, PurePosixPath

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.choe_lists import read_choe_lists
from pipeline_lib.data.manifest import ImageSet
from pipeline_lib.data.transfer.listing import read_lines, readable

METADATA = "metadata/val"
SIZE = 1_000


def read_cubv2(root: Path) -> ImageSet:
    """Read the set; a label is the name of a class's folder.

    Raises InputError as ``choe_lists``, and for a class in two folders or of another number than its
    folder's.
    """
    path = root / METADATA / "class_labels.txt"
    labels: dict[int, str] = {}
    for number, line in enumerate(read_lines(path), 1):
        name, _, given = line.partition(",")
        label = PurePosixPath(name).parts[0]
        if not given.isdecimal() or label.partition(".")[0] != f"{int(given) + 1:03}":
            raise InputError(f"{path}: line {number}: {label} is not class {given}; fetch it again")
        if labels.setdefault(int(given), label) != label:
            raise InputError(
                f"{path}: line {number}: class {given} has two folders; fetch it again"
            )
    every = [labels.get(number, "") for number in range(max(labels, default=-1) + 1)]
    classes = [
        (label, number + 1, readable(label.partition(".")[2])) for number, label in labels.items()
    ]
    return read_choe_lists("CUBV2", root, METADATA, every, classes, SIZE)
