"""LabelMe's annotations: outlines of the objects in an image, with names that people typed.

Source: the XML of the LabelMe tool (Russell et al. 2008), which SUN2012 comes in: ``imagesize`` >
``nrows``, ``ncols`` and, for each ``object``, ``name``, ``deleted`` and ``polygon`` > ``pt`` > ``x``,
``y``. The tool counts pixels from 1, leaves polygons open, and puts line breaks around its text.
"""

import re
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np
import yaml

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.images import Header
from pipeline_lib.data.reading import annotated_view, current_view
from pipeline_lib.data.xml_files import parse_xml

MIN_POINTS = 3
DELETED, NAMELESS, CORRECTED, SHORT = "deleted", "nameless", "corrected", "short"
MASK = "mask"


@dataclass(frozen=True)
class AnnotatedObject:
    """An annotated object; ``polygon`` is (n, 2) float in pixels, see ``common.polygons``."""

    name: str
    polygon: np.ndarray


@dataclass(frozen=True)
class Annotation:
    """The objects of an image, and counts of what was left out or corrected.

    ``irregular`` counts objects by reason: left out because they are deleted, have no name, a mask in
    place of a polygon, or a polygon of fewer than three points; or kept with a corrected name. ``view``
    is that of the image whose pixels the polygons count.
    """

    objects: list[AnnotatedObject]
    irregular: Counter
    view: str


def read_annotation(path: Path, header: Header, *, skip_short: bool = False) -> Annotation:
    """Read the annotation of an image with this ``header``.

    If the image was annotated at another size of the same aspect, its polygons are scaled; see
    ``annotated_view`` for its view. Points outside the image stay as they are. Objects that are outlined
    by a mask have no polygon, and are counted. Raises InputError for a file that is no LabelMe file,
    for another aspect than the image's and, unless ``skip_short``, for a polygon of fewer than three
    points.
    """
    root = _parse(path)
    extent, view = _extent(root, path), current_view()
    if extent is not None:
        view = annotated_view(header, extent)
        if view is None:
            ours, theirs = ("x".join(map(str, each)) for each in (header.stored, extent))
            raise InputError(
                f"{path}: is of {theirs} pixels, its image of {ours}; correct it, or delete it to leave "
                "its image out"
            )
    size = header.size(view)
    scale = np.divide(size, extent or size)
    objects, irregular = [], Counter()
    for number, element in enumerate(root.iter("object"), 1):
        typed = _blanks(element.findtext("name"))
        if _blanks(element.findtext("deleted")) in ("1", "true", "yes"):
            irregular[DELETED] += 1
            continue
        if element.find("polygon") is None and element.find("segm") is not None:
            irregular[MASK] += 1
            continue
        name = clean_name(typed)
        if not name:
            irregular[NAMELESS] += 1
            continue
        points = _points(element, path)
        if len(points) < MIN_POINTS:
            if not skip_short:
                raise InputError(
                    f"{path}: object {number}, '{typed}', is a polygon of {len(points)} points; "
                    "correct or delete it, or skip such polygons with scenes.short_polygons: skip"
                )
            irregular[SHORT] += 1
            continue
        irregular[CORRECTED] += name != typed.lower()
        objects.append(AnnotatedObject(name, points * scale))
    return Annotation(objects, irregular, view)


def clean_name(typed: str) -> str:
    """Return an object's name from the typed text: lower case, single blanks, no tags, corrected.

    Only tags and corrections listed in ``labelme.yaml`` apply. A text of tags alone gives "".
    """
    known = _known_names()
    tag = re.compile("|".join(known["tags"]))
    words = re.split(r"[\s,;()\[\]]+", typed.lower())
    name = " ".join(word for word in words if word and not tag.fullmatch(word))
    name = known["misspelled"].get(name, name)
    return known["plural"].get(name, name)


@cache
def _known_names() -> dict:
    text = files("pipeline_lib.data.discovery").joinpath("labelme.yaml").read_text(encoding="utf-8")
    return yaml.safe_load(text)


def _parse(path: Path) -> ET.Element:
    try:
        root = parse_xml(path)
        if root.tag != "annotation":
            raise ValueError(f"a <{root.tag}>")
    except (ET.ParseError, ValueError) as error:
        raise InputError(
            f"{path}: no LabelMe annotation ({error}); correct it, or delete it to leave its image out"
        ) from None
    return root


def _extent(root: ET.Element, path: Path) -> tuple[int, int] | None:
    """The (width, height) of the image in the tool, or None if the file does not have it."""
    sides = [_blanks(root.findtext(f"imagesize/{tag}")) for tag in ("ncols", "nrows")]
    if not all(sides):
        return None
    width, height = (_number(side, path) for side in sides)
    return (int(width), int(height)) if width >= 1 and height >= 1 else None


def _points(element: ET.Element, path: Path) -> np.ndarray:
    """The polygon's (n, 2) points; LabelMe's are centres of pixels, counted from 1."""
    points = [
        [_number(_blanks(point.findtext(axis)), path) for axis in ("x", "y")]
        for point in element.iterfind("polygon/pt")
    ]
    if len(points) > 1 and points[0] == points[-1]:
        points.pop()  # some programs close polygons
    return np.array(points, np.float64).reshape(-1, 2) - 0.5


def _number(text: str, path: Path) -> float:
    try:
        number = float(text)
        if not np.isfinite(number):
            raise ValueError
    except ValueError:
        raise InputError(
            f"{path}: '{text}' is no number of pixels; correct it, or delete the file to leave "
            "its image out"
        ) from None
    return number


def _blanks(text: str | None) -> str:
    return " ".join((text or "").split())
