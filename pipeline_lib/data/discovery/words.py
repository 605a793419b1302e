"""Text detection: SVT's street photographs with word boxes, and outdoor scenes without words.

Source: Street View Text's ``train.xml`` and ``test.xml`` (protocol, section 5); as negatives the paper
takes random outdoor images of SUN397. ``outdoor.txt`` lists its outdoor classes (the natural and
man-made ones of the hierarchy, from memory).
"""

from importlib.resources import files
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.image_files import (
    existing,
    images_below,
    is_jpeg,
    leads_nowhere,
    usable,
)
from pipeline_lib.data.manifest import ABSENT, PRESENT, ImageSet, Summary
from pipeline_lib.data.reading import UNLISTED, annotated_view, current_view, header_of, report
from pipeline_lib.data.transfer.notes import counted
from pipeline_lib.data.xml_files import parse_xml

TEXT = "text"  # the only class
_SEED = 0


def read_text(root: Path) -> ImageSet:
    """Read ``svt1/{train,test}.xml``, and as many images of ``SUN397/<letter>/<class>/``.

    A word's box is clipped to its image; the notes count clipped boxes. The negatives are a random
    sample of all outdoor images: for each subset as many as positives or, if there are too few, in the
    same proportion. Raises InputError for a list that is missing, malformed or empty, a missing image,
    a box outside its image, and no outdoor scene.
    """
    images, boxes, splits, views, n_clipped, n_missing = [], [], [], {}, 0, 0
    counts, named = {}, set()
    for subset in ("train", "test"):
        path = root / "svt1" / f"{subset}.xml"
        listed = _tagged_images(path)
        named |= {root / "svt1" / name for name, *_ in listed}
        tagged_images = _with_files(listed, path, root / "svt1")
        n_missing += len(listed) - len(tagged_images)
        counts[subset] = len(tagged_images)
        for name, tagged_size, words in tagged_images:
            image = f"svt1/{name}"
            header = header_of(root / image)
            view = annotated_view(header, tagged_size)
            if view is None:
                ours, theirs = ("x".join(map(str, size)) for size in (header.stored, tagged_size))
                report(
                    path, f"{name} is of {theirs} pixels there, its file of {ours}", "correct it"
                )
                continue
            if view != current_view():
                views[image] = view
            width, height = header.size(view)
            scale = np.divide((width, height), tagged_size)
            images.append((image, image, TEXT, width, height, 0))
            splits.append((TEXT, subset, image, PRESENT))
            for box in words:
                box = tuple((np.reshape(box, (2, 2)) * scale).ravel().tolist())
                x0, y0, x1, y1 = np.clip(box, 0, (width, height) * 2).tolist()
                if not (x0 < x1 and y0 < y1):
                    what = f"a word of {name} is outside its {width} x {height} pixels"
                    report(path, what, "correct or remove it")
                    continue
                n_clipped += (x0, y0, x1, y1) != box
                boxes.append((image, TEXT, x0, y0, x1, y1))
    images_below(root / "svt1" / "img", named.__contains__, UNLISTED)
    outdoor = _outdoor_images(root / "SUN397")
    order = np.random.default_rng(_SEED).permutation(len(outdoor))
    ratio = min(1.0, len(outdoor) / sum(counts.values()))
    negatives = {subset: int(count * ratio) for subset, count in counts.items()}
    if 0 in negatives.values():
        raise InputError(f"{root / 'SUN397'}: {len(outdoor)} outdoor images are too few; add some")
    start = 0
    for subset, count in negatives.items():
        for index in sorted(order[start : start + count]):
            image = f"SUN397/{outdoor[index]}"
            images.append((image, image, "", "", "", 0))
            splits.append((TEXT, subset, image, ABSENT))
        start += count
    notes = [
        f"{sum(counts.values())} images with words, {start} outdoor images of SUN397 without "
        f"({len(outdoor)} to choose from)."
    ]
    if n_missing:
        notes.append(f"{counted(n_missing, 'listed image')} of SVT not found.")
    if n_clipped:
        notes.append(f"{n_clipped} word boxes reach beyond their image and are clipped.")
    summary = Summary("SVT and SUN397 outdoors", len(images), notes=notes)
    return ImageSet(images, boxes, [(TEXT, 1, "text")], summary, splits, views=views)


def is_outdoor(label: str) -> bool:
    """Return whether a class of SUN397, or any of its subclasses, is outdoors."""
    return any(name == label or name.startswith(f"{label}/") for name in OUTDOOR)


OUTDOOR = files("pipeline_lib.data.discovery").joinpath("outdoor.txt").read_text().split()


def _tagged_images(path: Path) -> list[tuple[str, tuple[int, int], list[tuple[float, ...]]]]:
    """The images of a list: path below the set's folder, (width, height), half-open word boxes."""
    try:
        elements = parse_xml(path).findall("image")
    except FileNotFoundError:
        raise InputError(f"{path}: not found; unpack SVT there") from None
    except ElementTree.ParseError as error:
        raise InputError(f"{path}: not XML ({error}); unpack SVT again") from None
    if not elements:
        raise InputError(f"{path}: lists no image; unpack SVT again")
    images = [_image(path, number, image) for number, image in enumerate(elements, 1)]
    return [image for image in images if image is not None]


def _with_files(tagged_images: list[tuple], path: Path, folder: Path) -> list[tuple]:
    """Return those of a list's images whose files can be used. Raises InputError if there is none."""
    files = [folder / name for name, *_ in tagged_images]
    there = set(existing(files))
    if not there:
        raise InputError(f"{path}: none of its images is there; unpack SVT again")
    return [image for image, file in zip(tagged_images, files, strict=True) if file in there]


def _image(
    path: Path, number: int, image: ElementTree.Element
) -> tuple[str, tuple[int, int], list[tuple[float, ...]]] | None:
    """An image's name, (width, height) and word boxes; None if it is malformed, which is reported."""
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
        what = f"image {number} ({name or 'without name'}) is malformed"
        return report(path, f"{what} ({type(error).__name__}: {error})", "correct or remove it")
    return name, (width, height), words


def _outdoor_images(folder: Path) -> list[str]:
    """The outdoor images, sorted, as paths below the set's folder."""
    if not folder.is_dir():
        raise InputError(f"{folder}: not found; unpack SUN397 there, all or some of its classes")
    outdoor = [
        path
        for letter in sorted(folder.iterdir())
        if len(letter.name) == 1 and not leads_nowhere(letter)
        for path in images_below(letter, is_jpeg)
        if is_outdoor(path.parent.relative_to(letter).as_posix())
    ]
    in_order = sorted(usable(outdoor), key=lambda path: (path.parent, path.name))
    images = [path.relative_to(folder).as_posix() for path in in_order]
    if not images:
        raise InputError(
            f"{folder}: has no image of an outdoor class; add some, for example highway"
        )
    return images
