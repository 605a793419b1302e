"""The twin of SUN2012: places that differ in one kind of thing, everything in them outlined.

A place's own thing stands in nearly all of its images and in few of others'; common things are in every
place equally often, and the surroundings (sky and ground, ceiling and floor, wall) are drawn. As in
LabelMe, names are as people type them, what was deleted is still in the file, polygons are left open
and may reach over the border. A few images of each place are annotated in part alone, the last not at
all, and one place has few.
"""

import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

import numpy as np

from pipeline_lib.data.synthetic.classes import Composition
from pipeline_lib.data.synthetic.kinds import KINDS, Kind
from pipeline_lib.data.synthetic.pictures import Draw, Drawn, Picture
from pipeline_lib.data.synthetic.scene_sets import sun_name
from pipeline_lib.data.synthetic.scenes import Backdrop, Style

PLACES = 5
# The kinds that a place has for its own, one each and the last for the rare place: those that networks
# of the ILSVRC world tell apart best. The others are common.
OWN_SHAPES = ("tile", "slab", "star", "clover", "disc", "wedge")
FULL, PARTIAL, RARE = 25, 3, 6  # images of a place, more of it annotated in part, of the rare place
OFTEN, STRANGER = 0.96, 0.04  # how often a place's own thing is there, and how often another's
ROOMY = Style(side=(128, 176), reach=(0.28, 0.4), others=0.7, clutter=(0, 2))
# What is above a backdrop's edge and below it; a wall is all over.
SURROUNDINGS = {
    Backdrop("bricked", hue=0.1, horizon=0.0): ("wall",),
    Backdrop("wavy", hue=0.3, horizon=0.5): ("sky", "ground"),
    Backdrop("striped", hue=0.6, horizon=0.65): ("ceiling", "floor"),
}
TYPED = {"ceiling": "cieling", "sky": " Sky"}  # sometimes
_SOMETIMES = 0.25


def write_annotated_scenes(root: Path, rng: np.random.Generator, draw: Draw) -> None:
    """Write ``SUN2012/Images`` and ``SUN2012/Annotations``, ``<letter>/<place>/sun_*``."""
    own = tuple(kind for shape in OWN_SHAPES for kind in KINDS if kind.shape == shape)
    common = [kind for kind in KINDS if kind not in own]
    pictures = []
    for number, kind in enumerate(own):
        place = f"{kind.shape}_place" + ("/outdoor" if number == 1 else "")
        count = FULL + PARTIAL if number < PLACES else RARE
        for rank in range(count):
            others = [common[rank % len(common)], common[rank // len(common) % len(common)]]
            shown = _composition(place, kind, others[: 1 + rank % 2], own, rng)
            pictures.append(Picture(f"SUN2012/Images/{sun_name(shown, rng)}", shown))
    ranks: Counter[str] = Counter()
    for picture, drawn in zip(pictures[:-1], draw(pictures), strict=False):
        annotation = _annotation(picture, drawn, ranks[picture.shows.name], rng)
        ranks[picture.shows.name] += 1
        path = root / picture.path.replace("Images", "Annotations", 1)
        path.parent.mkdir(parents=True, exist_ok=True)
        text = ET.tostring(annotation, encoding="unicode")
        path.with_suffix(".xml").write_text(f"{text}\n", encoding="utf-8")


def _composition(
    place: str,
    kind: Kind,
    others: list[Kind],
    own: tuple[Kind, ...],
    rng: np.random.Generator,
) -> Composition:
    """An image of a place: its own kind of thing or not, some others, and its surroundings."""
    first = [kind] if rng.random() < OFTEN else []
    if rng.random() < STRANGER:
        first.append(own[rng.integers(len(own))])
    things = tuple((one,) for one in first + others)
    backdrop = list(SURROUNDINGS)[rng.integers(len(SURROUNDINGS))]
    return Composition(place, things, ROOMY, backdrop)


def _annotation(picture: Picture, drawn: Drawn, rank: int, rng: np.random.Generator) -> ET.Element:
    """The XML of the ``rank``-th image of its place; those from ``FULL`` on lack the surroundings."""
    width, height = drawn.size
    annotation = ET.Element("annotation")
    folder, _, name = picture.path.removeprefix("SUN2012/Images/").rpartition("/")
    _texts(annotation, {"filename": name, "folder": folder})
    source = ET.SubElement(annotation, "source")
    _texts(source, {"sourceImage": "Synthetic", "sourceAnnotation": "LabelMe Webtool"})
    size = ET.SubElement(annotation, "imagesize")
    _texts(size, {"nrows": height, "ncols": width})
    things = [(_typed_kind(one.kind, rng), one.polygon) for one in drawn.objects]
    if rank < FULL:
        edge = drawn.edge or 0
        names = SURROUNDINGS[picture.shows.backdrop]
        parts = [(edge, height)] if len(names) == 1 else [(0, edge), (edge, height)]
        for name, (top, bottom) in zip(names, parts, strict=True):
            typed = TYPED.get(name, name) if rng.random() < _SOMETIMES else name
            things.append((typed, _rectangle(0, top, width, bottom)))
    for typed, polygon in things:
        _add(annotation, typed, polygon)
    whole = _rectangle(0, 0, width, height)
    if rank == 0:
        _add(annotation, "zebra", whole, deleted=True)
    if rank == 1:
        _add(annotation, "", whole)
    return annotation


def _typed_kind(kind: Kind, rng: np.random.Generator) -> str:
    """What somebody calls a thing: its shape, with a capital or a tag now and then."""
    forms = (kind.shape.capitalize(), f"{kind.shape} occluded", f"{kind.shape}  crop")
    return forms[rng.integers(len(forms))] if rng.random() < _SOMETIMES else kind.shape


def _rectangle(x0: float, y0: float, x1: float, y1: float) -> np.ndarray:
    """The centres of the corner pixels of a half-open box, clockwise."""
    return np.array([(x0, y0), (x1 - 1, y0), (x1 - 1, y1 - 1), (x0, y1 - 1)], float)


def _add(annotation: ET.Element, typed: str, polygon: np.ndarray, *, deleted: bool = False) -> None:
    """Add a thing; ``polygon`` is in pixels whose centres are counted from 0."""
    number = len(annotation.findall("object"))
    element = ET.SubElement(annotation, "object")
    _texts(element, {"name": typed, "deleted": int(deleted), "verified": 0, "id": number})
    outline = ET.SubElement(element, "polygon")
    _texts(outline, {"username": "somebody"})
    for x, y in np.round(polygon).astype(int) + 1:
        _texts(ET.SubElement(outline, "pt"), {"x": x, "y": y})


def _texts(element: ET.Element, texts: dict[str, object]) -> None:
    """Add a child for each text, between line breaks as LabelMe has them."""
    for tag, text in texts.items():
        ET.SubElement(element, tag).text = f"\n{text}\n"
