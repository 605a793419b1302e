"""ILSVRC2012 in its official layout, complete or partial.

Below the data set's folder: ``train/<wnid>/*.JPEG``, ``val/ILSVRC2012_val_*.JPEG`` (flat, or in
folders by WNID), ``test/ILSVRC2012_test_*.JPEG``, ``bbox/val/*.xml``,
``ILSVRC2012_devkit_t12/data/`` with the val labels and ``meta.mat``; the blacklist is there or in
``ILSVRC2014_devkit/data/``.
"""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import scipy.io

from pipeline_lib.common.command import progress
from pipeline_lib.common.errors import InputError
from pipeline_lib.common.images import image_size
from pipeline_lib.data.image_files import files_below, image_names, usable
from pipeline_lib.data.manifest import ImageSet, Summary

DEVKIT = "ILSVRC2012_devkit_t12/data"
LABELS = f"{DEVKIT}/ILSVRC2012_validation_ground_truth.txt"
BLACKLIST = "ILSVRC2014_clsloc_validation_blacklist.txt"
_NAME = re.compile(r"ILSVRC2012_(val|test)_(\d{8})\.jpe?g", re.IGNORECASE)


def read_train(root: Path) -> ImageSet:
    """Read ``train/``: every image of every WNID folder. Sizes stay empty, because training warps."""
    classes = _classes(root)
    known = {wnid for wnid, _, _ in classes}
    folders = sorted(path for path in (root / "train").glob("n*") if path.is_dir())
    images = []
    for folder in progress(folders, "listing train"):
        if folder.name not in known:
            raise InputError(f"{folder}: not a class of {root / DEVKIT}/meta.mat; move it away")
        images += [
            (Path(name).stem, f"train/{folder.name}/{name}", folder.name, "", "", 0)
            for name in image_names(folder)
        ]
    if not images:
        raise InputError(
            f"{root / 'train'}: no <wnid>/*.JPEG in it; put or link ILSVRC2012 train there"
        )
    return ImageSet(images, [], classes, Summary("ILSVRC2012 train", len(images)))


def read_val(root: Path, expected: int) -> ImageSet:
    """Read ``val/``, ``bbox/val/`` and the devkit's labels, whose number must be ``expected``.

    The summary notes missing images, missing XML files and a missing blacklist. Raises InputError if
    there is no image at all, the devkit has another number of labels, or an XML file cannot be read, has
    no box, or names another class than the devkit.
    """
    files = _numbered(root, "val")
    classes = _classes(root)
    wnid_of = {number: wnid for wnid, number, _ in classes}
    labels = _labels(root / LABELS, wnid_of, expected)
    blacklist = _blacklist(root, expected)
    images, boxes, without_xml, rescaled = [], [], 0, 0
    for number, path in progress(sorted(files.items()), "reading val"):
        if number > expected:
            raise InputError(f"{path}: number {number} has no label; the devkit has {expected}")
        label, (width, height) = labels[number - 1], image_size(path)
        blacklisted = int(blacklist is not None and number in blacklist)
        images.append((path.stem, str(path.relative_to(root)), label, width, height, blacklisted))
        xml = root / "bbox" / "val" / f"{path.stem}.xml"
        if not xml.exists():
            without_xml += 1
            continue
        xml_boxes, size = _read_xml(xml, label)
        rescaled += size != (width, height)
        scale = (width / size[0], height / size[1]) * 2
        boxes += [
            (path.stem, label, *(value * s for value, s in zip(box, scale, strict=True)))
            for box in xml_boxes
        ]
    notes = [f"{len(images):,} of {expected:,} val images found."] if len(images) < expected else []
    box_notes = []
    if without_xml:
        box_notes.append(f"{without_xml:,} images have no box file: they count in Table 1 only.")
    if rescaled:
        box_notes.append(f"{rescaled:,} images differ in size from their box file: boxes scaled.")
    if blacklist is None:
        box_notes.append("No blacklist in the devkit: localization is scored on all images.")
    else:
        count = sum(row[-1] for row in images)
        box_notes.append(f"{count:,} blacklisted images are left out of localization.")
    summary = Summary("ILSVRC2012 val", len(images), expected, notes, box_notes)
    return ImageSet(images, boxes, classes, summary)


def read_test(root: Path) -> ImageSet:
    """Read ``test/``, whose labels are not published. Raises InputError if there is no image."""
    files = _numbered(root, "test")
    images = [
        (path.stem, str(path.relative_to(root)), "", *image_size(path), 0)
        for _, path in progress(sorted(files.items()), "reading test")
    ]
    return ImageSet(images, [], _classes(root), Summary("ILSVRC2012 test", len(images)))


def _numbered(root: Path, split: str) -> dict[int, Path]:
    """Return a split's images by number, from any depth below its folder."""
    folder = root / split
    named = (
        [path for path in files_below(folder) if _number(path, split)] if folder.is_dir() else []
    )
    files = {_number(path, split): path for path in usable(sorted(named))}
    if not files:
        raise InputError(
            f"{root / split}: no image named ILSVRC2012_{split}_*.JPEG; "
            f"put or link the {split} images there"
        )
    return files


def _number(path: Path, split: str) -> int | None:
    """Return the number in the name of one of a split's images; None for another file."""
    match = _NAME.fullmatch(path.name)
    return int(match[2]) if match and match[1].lower() == split else None


def _classes(root: Path) -> list[tuple[str, int, str]]:
    """Return (WNID, ILSVRC2012_ID, words) of the leaf synsets, in sorted-WNID order."""
    path = root / DEVKIT / "meta.mat"
    if not path.exists():
        raise InputError(f"{path}: not found; unpack ILSVRC2012_devkit_t12.tar.gz into {root}")
    try:
        synsets = scipy.io.loadmat(path, squeeze_me=True)["synsets"]
        leaves = [
            (str(row["WNID"]), int(row["ILSVRC2012_ID"]), str(row["words"]))
            for row in synsets
            if int(row["num_children"]) == 0
        ]
    except Exception as error:  # a damaged .mat file raises almost anything
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise InputError(f"{path}: not the devkit's ({reason}); unpack the devkit again") from None
    return sorted(leaves)


def _labels(path: Path, wnid_of: dict[int, str], expected: int) -> list[str]:
    """Return the WNID of every val image; the file has one ILSVRC2012_ID per line."""
    try:
        numbers = [int(line) for line in path.read_text().split()]
        labels = [wnid_of[number] for number in numbers]
    except FileNotFoundError:
        raise InputError(f"{path}: not found; unpack ILSVRC2012_devkit_t12.tar.gz") from None
    except (ValueError, KeyError) as error:
        raise InputError(f"{path}: {error} is not an ILSVRC2012_ID of meta.mat") from None
    if len(labels) != expected:
        raise InputError(
            f"{path}: has {len(labels):,} labels, not {expected:,}; unpack the devkit again "
            "(or set ilsvrc.val_images)"
        )
    return labels


def _blacklist(root: Path, expected: int) -> set[int] | None:
    """Return the numbers of the val images that localization leaves out; None without a file."""
    for folder in (root / DEVKIT, root / "ILSVRC2014_devkit" / "data"):
        path = folder / BLACKLIST
        if not path.exists():
            continue
        try:
            numbers = {int(line) for line in path.read_text().split()}
        except ValueError as error:
            raise InputError(f"{path}: not one image number per line ({error})") from None
        if numbers and not 1 <= min(numbers) <= max(numbers) <= expected:
            raise InputError(f"{path}: names images outside 1 to {expected:,}; fetch it again")
        return numbers
    return None


def _read_xml(path: Path, label: str) -> tuple[list[tuple[int, int, int, int]], tuple[int, int]]:
    """Return half-open boxes, converted from inclusive corners, and the image's (width, height)."""
    try:
        annotation = ET.parse(path).getroot()
        width, height = (
            int(annotation.findtext(f"size/{side}", "")) for side in ("width", "height")
        )
        objects = [
            (
                element.findtext("name"),
                *(int(element.findtext(f"bndbox/{tag}", "")) for tag in _CORNERS),
            )
            for element in annotation.iter("object")
        ]
    except (ET.ParseError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({error}); fetch it again") from None
    if not objects:
        raise InputError(
            f"{path}: has no box; fetch it again, or delete it to score the class only"
        )
    boxes = []
    for name, x0, y0, x1, y1 in objects:
        if name != label:
            raise InputError(f"{path}: its object is {name}, the devkit says {label}; one is wrong")
        if x1 < x0 or y1 < y0 or width < 1 or height < 1:
            raise InputError(f"{path}: has an empty box ({x0}, {y0}, {x1}, {y1}); fetch it again")
        boxes.append((x0, y0, x1 + 1, y1 + 1))
    return boxes, (width, height)


_CORNERS = ("xmin", "ymin", "xmax", "ymax")
