"""The tiny world's files, and what they say, read by hand."""

import xml.etree.ElementTree as ET

import scipy.io

DEVKIT = "ILSVRC2012_devkit_t12/data"


LABELS = f"{DEVKIT}/ILSVRC2012_validation_ground_truth.txt"


BLACKLIST = "ILSVRC2014_clsloc_validation_blacklist.txt"


N = 20


def val_image(world, number):
    return world / "val" / f"ILSVRC2012_val_{number:08d}.JPEG"


def val_xml(world, number):
    return world / "bbox" / "val" / f"ILSVRC2012_val_{number:08d}.xml"


def rewrite(path, change):
    path.write_text(change(path.read_text()))


def labels_by_hand(world):
    """The WNID of every val image, straight from the devkit."""
    synsets = scipy.io.loadmat(world / DEVKIT / "meta.mat", squeeze_me=True)["synsets"]
    wnid_of = {int(row["ILSVRC2012_ID"]): str(row["WNID"]) for row in synsets}
    return [wnid_of[int(line)] for line in (world / LABELS).read_text().split()]


def boxes_by_hand(world):
    """The boxes as the files have them, inclusive."""
    boxes = []
    for path in sorted((world / "bbox" / "val").glob("*.xml")):
        for element in ET.parse(path).iter("bndbox"):
            corners = [int(element.find(tag).text) for tag in ("xmin", "ymin", "xmax", "ymax")]
            boxes.append((path.stem, *corners))
    return boxes
