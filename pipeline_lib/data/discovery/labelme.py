"""LabelMe's annotations: the outlines of things in an image, with names that people typed.

Source: the XML of the LabelMe tool (Russell et al. 2008), which SUN2012 comes in: ``imagesize`` >
``nrows``, ``ncols`` and, for each ``object``, ``name``, ``deleted`` and ``polygon`` > ``pt`` > ``x``,
``y``. The tool counts pixels from 1, closes no polygon, and its text stands between line breaks.
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

LEAST_POINTS = 3
DELETED, NAMELESS, CORRECTED, SHORT = "deleted", "nameless", "corrected", "short"


@dataclass(frozen=True)
class Thing:
    """An annotated thing; ``polygon`` is (n, 2) float in pixels, see ``common.polygons``."""

    name: str
    polygon: np.ndarray


@dataclass(frozen=True)
class Annotation:
    """The things of an image that count, and how many did not, by the reason.

    ``odd`` counts what was deleted, has no name, a polygon of fewer than three points, or (these do
    count) a name that was corrected.
    """

    things: list[Thing]
    odd: Counter


def read_annotation(path: Path, size: tuple[int, int], *, skip_short: bool = False) -> Annotation:
    """Read the annotation of an image of ``size`` (width, height) pixels.

    Where the file was made of the image at another size, its polygons are scaled. Points outside the
    image stay as they are. Raises InputError for a file that is no LabelMe annotation and, unless they
    are to be skipped, for a polygon of fewer than three points.
    """
    root = _parse(path)
    scale = np.divide(size, _extent(root, path) or size)
    things, odd = [], Counter()
    for number, element in enumerate(root.iter("object"), 1):
        typed = _blanks(element.findtext("name"))
        if _blanks(element.findtext("deleted")) in ("1", "true", "yes"):
            odd[DELETED] += 1
            continue
        name = clean_name(typed)
        if not name:
            odd[NAMELESS] += 1
            continue
        points = _points(element, path)
        if len(points) < LEAST_POINTS:
            if not skip_short:
                raise InputError(
                    f"{path}: object {number}, '{typed}', is a polygon of {len(points)} points; mend "
                    "or delete it, or skip such polygons with scenes.short_polygons: skip"
                )
            odd[SHORT] += 1
            continue
        odd[CORRECTED] += name != typed.lower()
        things.append(Thing(name, points * scale))
    return Annotation(things, odd)


def clean_name(typed: str) -> str:
    """Return a thing's name from what was typed: lower case, single blanks, no tags, corrected.

    Tags and corrections are those of ``labelme.yaml``, and no others. A name that is nothing but tags
    is empty.
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
        # LabelMe declares no encoding, and old names are not all UTF-8.
        root = ET.fromstring(path.read_bytes().decode("utf-8", errors="replace"))
        if root.tag != "annotation":
            raise ValueError(f"a <{root.tag}>")
    except (ET.ParseError, ValueError) as error:
        raise InputError(
            f"{path}: no LabelMe annotation ({error}); mend it, or delete it to leave its image out"
        ) from None
    return root


def _extent(root: ET.Element, path: Path) -> tuple[int, int] | None:
    """The (width, height) that the image had in the tool, if the file says so."""
    sides = [_blanks(root.findtext(f"imagesize/{tag}")) for tag in ("ncols", "nrows")]
    if not all(sides):
        return None
    width, height = (_number(side, path) for side in sides)
    return (int(width), int(height)) if width >= 1 and height >= 1 else None


def _points(element: ET.Element, path: Path) -> np.ndarray:
    """The polygon's (n, 2) points from LabelMe's, which are centres of pixels counted from 1."""
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
            f"{path}: '{text}' is no number of pixels; mend it, or delete the file to leave its "
            "image out"
        ) from None
    return number


def _blanks(text: str | None) -> str:
    return " ".join((text or "").split())
