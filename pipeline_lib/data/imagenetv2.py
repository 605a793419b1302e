"""ImageNetV2 with the boxes of Choe et al. 2020: the images that thresholds are chosen on.

Below ILSVRC's folder: ``val2/<class>/*.jpeg``, ImageNetV2's images, the class a number from 0 to 999
in the order of the WNIDs; and ``metadata/val/``, the lists of ``choe_lists``, from the folder
``metadata/ILSVRC`` of that work's code. The devkit of ILSVRC names the classes.
"""

from pathlib import Path

from pipeline_lib.data.choe_lists import read_choe_lists
from pipeline_lib.data.ilsvrc import read_classes
from pipeline_lib.data.manifest import ImageSet

METADATA = "metadata/val"
SIZE = 10_000


def read_imagenetv2(root: Path) -> ImageSet:
    """Read the set below ILSVRC's folder; a label is a WNID. Raises InputError as ``choe_lists``."""
    classes = read_classes(root)
    wnids = [wnid for wnid, _, _ in classes]  # sorted
    return read_choe_lists("ImageNetV2", root, METADATA, wnids, classes, SIZE)
