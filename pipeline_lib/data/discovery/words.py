"""Words in streets: SVT's photographs and their word boxes, and outdoor scenes without words.

Source: Street View Text's ``train.xml`` and ``test.xml`` (protocol, section 5); as negatives the paper
takes random outdoor images of SUN397, whose outdoor classes are listed in ``outdoor.txt`` (the
hierarchy's natural and man-made ones, from memory).
"""

import xml.etree.ElementTree as ElementTree
from importlib.resources import files
from pathlib import Path

import numpy as np

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.manifest import ABSENT, PRESENT, ImageSet, Summary
from pipeline_lib.data.transfer.listing import image_names

TEXT = "text"  # the one class
_SEED = 0


def read_text(root: Path) -> ImageSet:
    """Read ``svt1/{train,test}.xml``, and as many images of ``SUN397/<letter>/<class>/``.

    A word's box is clipped to its image; what sticks out is counted in the notes. The negatives are
    drawn over all outdoor images, for each part as many as there are positives or, where there are
    too few, in the same proportion. Raises InputError for a list that is missing, malformed or empty,
    an image that is not there, a box outside its image, and no outdoor scene.
    """
    images, boxes, splits, clipped = [], [], [], 0
    counts = {}
    for part in ("train", "test"):
        path = root / "svt1" / f"{part}.xml"
        found = _tagged(path)
        counts[part] = len(found)
        for name, (width, height), words in found:
            image = f"svt1/{name}"
            if not (root / image).is_file():
                raise InputError(f"{root / image}: in {path}, but not there; unpack SVT again")
            images.append((image, image, TEXT, width, height, 0))
            splits.append((TEXT, part, image, PRESENT))
            for box in words:
                x0, y0, x1, y1 = np.clip(box, 0, (width, height) * 2).tolist()
                if not (x0 < x1 and y0 < y1):
                    raise InputError(
                        f"{path}: a word of {name} is outside its {width} x {height} pixels; "
                        "correct or remove it"
                    )
                clipped += (x0, y0, x1, y1) != box
                boxes.append((image, TEXT, x0, y0, x1, y1))
    outdoor = _outdoor(root / "SUN397")
    order = np.random.default_rng(_SEED).permutation(len(outdoor))
    wanted = min(1.0, len(outdoor) / sum(counts.values()))
    numbers = {part: int(count * wanted) for part, count in counts.items()}
    if 0 in numbers.values():
        raise InputError(f"{root / 'SUN397'}: {len(outdoor)} outdoor images are too few; add some")
    start = 0
    for part, number in numbers.items():
        for index in sorted(order[start : start + number]):
            image = f"SUN397/{outdoor[index]}"
            images.append((image, image, "", "", "", 0))
            splits.append((TEXT, part, image, ABSENT))
        start += number
    notes = [
        f"{sum(counts.values())} images with words, {start} outdoor images of SUN397 without "
        f"({len(outdoor)} to choose from)."
    ]
    if clipped:
        notes.append(f"{clipped} word boxes reach beyond their image and are clipped.")
    summary = Summary("SVT and SUN397 outdoors", len(images), notes=notes)
    return ImageSet(images, boxes, [(TEXT, 1, "text")], summary, splits)


def is_outdoor(label: str) -> bool:
    """Tell whether a class of SUN397 is outdoors; one without its subclass, if any of these is."""
    return any(one == label or one.startswith(f"{label}/") for one in _OUTDOOR)


_OUTDOOR = files("pipeline_lib.data.discovery").joinpath("outdoor.txt").read_text().split()


def _tagged(path: Path) -> list[tuple[str, tuple[int, int], list[tuple[float, ...]]]]:
    """The images of a list: path below the set's folder, (width, height), half-open word boxes."""
    try:
        listed = ElementTree.parse(path).getroot().findall("image")
    except FileNotFoundError:
        raise InputError(f"{path}: not found; unpack SVT there") from None
    except ElementTree.ParseError as error:
        raise InputError(f"{path}: not XML ({error}); unpack SVT again") from None
    if not listed:
        raise InputError(f"{path}: lists no image; unpack SVT again")
    return [_image(path, number, image) for number, image in enumerate(listed, 1)]


def _image(
    path: Path, number: int, image: ElementTree.Element
) -> tuple[str, tuple[int, int], list[tuple[float, ...]]]:
    name = (image.findtext("imageName") or "").strip()
    try:
        size = image.find("Resolution").attrib
        width, height = int(size["x"]), int(size["y"])
        words = []
        for word in image.iter("taggedRectangle"):
            x, y, w, h = (float(word.attrib[key]) for key in ("x", "y", "width", "height"))
            if not (w > 0 and h > 0):
                raise ValueError(f"a word of {w:g} x {h:g} pixels")
            words.append((x, y, x + w, y + h))
        if not (name and words):
            raise ValueError("no name" if words else "no word")
    except (AttributeError, KeyError, ValueError) as error:
        raise InputError(
            f"{path}: image {number} ({name or 'without name'}) is malformed "
            f"({type(error).__name__}: {error}); correct or remove it"
        ) from None
    return name, (width, height), words


def _outdoor(folder: Path) -> list[str]:
    """The outdoor images, sorted, by their paths below the set's folder."""
    if not folder.is_dir():
        raise InputError(f"{folder}: not found; unpack SUN397 there, all or some of its classes")
    found = [
        f"{place.relative_to(folder).as_posix()}/{name}"
        for letter in sorted(folder.iterdir())
        if letter.is_dir() and len(letter.name) == 1
        for place in sorted(path for path in letter.rglob("*") if path.is_dir())
        if is_outdoor(place.relative_to(letter).as_posix())
        for name in image_names(place)
    ]
    if not found:
        raise InputError(f"{folder}: has no image of an outdoor class; add some, highway for one")
    return found
