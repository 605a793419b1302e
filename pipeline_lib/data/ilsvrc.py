"""ILSVRC2012 in its official layout, complete or partial.

Below the data set's folder: ``train/<wnid>/*.JPEG``, ``val/ILSVRC2012_val_*.JPEG`` (flat, or in
folders by WNID), ``test/ILSVRC2012_test_*.JPEG``, ``bbox/val/*.xml``,
``ILSVRC2012_devkit_t12/data/`` with the val labels and ``meta.mat``; the blacklist is there or in
``ILSVRC2014_devkit/data/``. Object masks, which ILSVRC does not have, may be in ``masks/val/*.png``,
named like the val images: each the union of the objects of its image's class.
"""

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

import scipy.io

from pipeline_lib.common.command import progress
from pipeline_lib.common.errors import InputError, reason_of
from pipeline_lib.common.images import Header
from pipeline_lib.common.text import read_text
from pipeline_lib.data.image_files import (
    class_folders,
    image_names,
    images_below,
    mask_rows,
    usable,
)
from pipeline_lib.data.manifest import ImageSet, Summary
from pipeline_lib.data.reading import (
    EMPTY,
    TWICE,
    annotated_view,
    current_view,
    header_of,
    image_size,
    pass_over,
    report,
)
from pipeline_lib.data.xml_files import parse_xml

DEVKIT = "ILSVRC2012_devkit_t12/data"
LABELS = f"{DEVKIT}/ILSVRC2012_validation_ground_truth.txt"
MASKS = "masks/val"
BLACKLIST = "ILSVRC2014_clsloc_validation_blacklist.txt"
_NAME = re.compile(r"ILSVRC2012_(val|test)_(\d{8})\.jpe?g", re.IGNORECASE)


def read_train(root: Path) -> ImageSet:
    """Read ``train/``: every image of every WNID folder. Sizes stay empty, because training warps.

    The notes count the classes without an image.
    """
    classes = read_classes(root)
    known = {wnid for wnid, _, _ in classes}
    folders = class_folders(root / "train", lambda name: name.startswith("n"))
    images = {}
    for folder in progress(folders, "listing train"):
        if folder.name not in known:
            raise InputError(f"{folder}: not a class of {root / DEVKIT}/meta.mat; move it away")
        names = image_names(folder, headers=False)
        if not names:
            pass_over(folder, EMPTY)
        for name in names:
            image = Path(name).stem
            if image in images:
                pass_over(folder / name, TWICE)
                continue
            path = f"train/{folder.name}/{name}"
            images[image] = (image, path, folder.name, "", "", 0)
    if not images:
        raise InputError(
            f"{root / 'train'}: no <wnid>/*.JPEG in it; put or link ILSVRC2012 train there"
        )
    rows = list(images.values())
    absent = len(known) - len({label for _, _, label, *_ in rows})
    notes = [f"{absent:,} of {len(known):,} classes without a training image."] if absent else []
    return ImageSet(rows, [], classes, Summary("ILSVRC2012 train", len(rows), notes=notes))


def read_val(root: Path, expected: int) -> ImageSet:
    """Read ``val/``, ``bbox/val/`` and the devkit's labels, whose number must be ``expected``.

    The summary notes missing images, missing XML files and a missing blacklist. Boxes are scaled to the
    image where the XML file's size has its aspect; where only the other view of the image has (see
    ``common.images``), it is read in that view. Raises InputError if
    there is no image at all, the devkit has another number of labels, or an XML file cannot be read, has
    no box, or names another class than the devkit.
    """
    files = _numbered(root, "val")
    classes = read_classes(root)
    wnid_of = {number: wnid for wnid, number, _ in classes}
    labels = _labels(root / LABELS, wnid_of, expected)
    blacklist = _blacklist(root, expected)
    images, boxes, without_boxes, rescaled, views = [], [], 0, 0, {}
    for number, path in progress(sorted(files.items()), "reading val"):
        if number > expected:
            raise InputError(f"{path}: number {number} has no label; the devkit has {expected}")
        label, header, view = labels[number - 1], header_of(path), current_view()
        annotation = _annotation(root / "bbox" / "val" / f"{path.stem}.xml", label, header)
        if annotation is not None and annotation.view != view:
            view = views[path.stem] = annotation.view
        width, height = size = header.size(view)
        blacklisted = int(blacklist is not None and number in blacklist)
        images.append((path.stem, str(path.relative_to(root)), label, width, height, blacklisted))
        if annotation is None:
            without_boxes += 1
            continue
        rescaled += annotation.size != size
        scale = (width / annotation.size[0], height / annotation.size[1]) * 2
        boxes += [
            (path.stem, label, *(value * s for value, s in zip(box, scale, strict=True)))
            for box in annotation.boxes
        ]
    notes = [f"{len(images):,} of {expected:,} val images found."] if len(images) < expected else []
    box_notes = []
    if without_boxes:
        box_notes.append(f"{without_boxes:,} images have no box file: they count in Table 1 only.")
    if rescaled:
        box_notes.append(f"{rescaled:,} images differ in size from their box file: boxes scaled.")
    if blacklist is None:
        box_notes.append("No blacklist in the devkit: localization is scored on all images.")
    else:
        count = sum(row[-1] for row in images)
        box_notes.append(f"{count:,} blacklisted images are left out of localization.")
    summary = Summary("ILSVRC2012 val", len(images), expected, notes, box_notes)
    masks = mask_rows(root, MASKS, {row[0]: f"{row[0]}.png" for row in images})
    return ImageSet(images, boxes, classes, summary, views=views, masks=masks)


def read_test(root: Path) -> ImageSet:
    """Read ``test/``, whose labels are not published. Raises InputError if there is no image."""
    files = _numbered(root, "test")
    images = [
        (path.stem, str(path.relative_to(root)), "", *image_size(path), 0)
        for _, path in progress(sorted(files.items()), "reading test")
    ]
    return ImageSet(images, [], read_classes(root), Summary("ILSVRC2012 test", len(images)))


def _numbered(root: Path, split: str) -> dict[int, Path]:
    """Return a split's images by number, from any depth below its folder."""
    folder = root / split
    others = (
        f"file not named ILSVRC2012_{split}_*.JPEG",
        f"files not named ILSVRC2012_{split}_*.JPEG",
    )
    files = {}
    for path in usable(images_below(folder, lambda path: _number(path, split), others)):
        if files.setdefault(_number(path, split), path) is not path:
            pass_over(path, TWICE)
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


def read_classes(root: Path) -> list[tuple[str, int, str]]:
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
        raise InputError(
            f"{path}: not the devkit's ({reason_of(error)}); unpack the devkit again"
        ) from None
    return sorted(leaves)


def _labels(path: Path, wnid_of: dict[int, str], expected: int) -> list[str]:
    """Return the WNID of every val image; the file has one ILSVRC2012_ID per line."""
    try:
        numbers = [int(line) for line in read_text(path).split()]
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
            numbers = {int(line) for line in read_text(path).split()}
        except ValueError as error:
            raise InputError(f"{path}: not one image number per line ({error})") from None
        if numbers and not 1 <= min(numbers) <= max(numbers) <= expected:
            raise InputError(f"{path}: names images outside 1 to {expected:,}; fetch it again")
        return numbers
    return None


@dataclass(frozen=True)
class _Annotation:
    """Half-open boxes in pixels of an image of ``size`` (width, height), in a ``view`` of the file."""

    boxes: list[tuple[int, int, int, int]]
    size: tuple[int, int]
    view: str


def _annotation(path: Path, label: str, header: Header) -> _Annotation | None:
    """Read an image's boxes; None if there is no file, or one that cannot be used, which is reported."""
    if not path.exists():
        return None
    try:
        annotation = parse_xml(path)
        size = tuple(int(annotation.findtext(f"size/{side}", "")) for side in ("width", "height"))
        objects = [
            (
                element.findtext("name"),
                *(int(element.findtext(f"bndbox/{tag}", "")) for tag in _CORNERS),
            )
            for element in annotation.iter("object")
        ]
    except (ET.ParseError, ValueError) as error:
        return report(path, f"cannot be read ({error})", "fetch it again")
    if not objects:
        return report(path, "has no box", "fetch it again, or delete it to score the class only")
    for name, *corners in objects:
        if name != label:
            return report(path, f"its object is {name}, the devkit says {label}", "one is wrong")
        x0, y0, x1, y1 = corners
        if x1 < x0 or y1 < y0 or min(size) < 1:
            return report(path, f"has an empty box ({x0}, {y0}, {x1}, {y1})", "fetch it again")
    view = annotated_view(header, size)
    if view is None:
        ours, theirs = ("x".join(map(str, each)) for each in (header.stored, size))
        return report(path, f"is of {theirs} pixels, its image of {ours}", "one is wrong")
    # In the file, corners are inclusive.
    return _Annotation([(x0, y0, x1 + 1, y1 + 1) for _, x0, y0, x1, y1 in objects], size, view)


_CORNERS = ("xmin", "ymin", "xmax", "ymax")
