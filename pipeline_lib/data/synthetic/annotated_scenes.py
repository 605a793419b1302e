"""The synthetic SUN2012: places that differ in one kind of object, with all objects outlined.

A place's own kind is in nearly all of its images and in few images of other places; common kinds are
equally frequent everywhere, and surroundings (sky and ground, ceiling and floor, wall) are random. As in
LabelMe, names are as people type them, deleted objects are still in the file, polygons are open and may
cross the image's border. A few images of each place are only partly annotated, the last image not at
all, and one place has few images.
"""

import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

import numpy as np

from pipeline_lib.data.synthetic.compositions import Composition
from pipeline_lib.data.synthetic.image_files import DrawImages, ImageContent, ImageSpec
from pipeline_lib.data.synthetic.kinds import KINDS, Kind
from pipeline_lib.data.synthetic.scene_sets import sun_name
from pipeline_lib.data.synthetic.scenes import Backdrop, Style

PLACES = 5
# Shapes of the places' own kinds, the last for the rare place: those that networks trained on the
# synthetic ILSVRC classify best. The other kinds are common.
OWN_SHAPES = ("tile", "slab", "star", "clover", "disc", "wedge")
FULLY_ANNOTATED, PARTLY_ANNOTATED = 25, 3  # images per place
RARE_PLACE_IMAGES = 6
OWN_KIND_RATE, FOREIGN_KIND_RATE = (
    0.96,
    0.04,
)  # how often images have the place's own kind, any place's
SPACIOUS = Style(side=(128, 176), reach=(0.28, 0.4), others=0.7, clutter=(0, 2))
# Names of what is above and below a backdrop's horizon; a wall has one name.
SURROUNDINGS = {
    Backdrop("bricked", hue=0.1, horizon=0.0): ("wall",),
    Backdrop("wavy", hue=0.3, horizon=0.5): ("sky", "ground"),
    Backdrop("striped", hue=0.6, horizon=0.65): ("ceiling", "floor"),
}
NAME_VARIANTS = {"ceiling": "cieling", "sky": " Sky"}  # as somebody may type them
_VARIANT_RATE = 0.25


def write_annotated_scenes(root: Path, rng: np.random.Generator, draw: DrawImages) -> None:
    """Write ``SUN2012/Images`` and ``SUN2012/Annotations``, ``<letter>/<place>/sun_*``."""
    own = tuple(kind for shape in OWN_SHAPES for kind in KINDS if kind.shape == shape)
    common = [kind for kind in KINDS if kind not in own]
    specs = []
    for number, kind in enumerate(own):
        place = f"{kind.shape}_place" + ("/outdoor" if number == 1 else "")
        count = FULLY_ANNOTATED + PARTLY_ANNOTATED if number < PLACES else RARE_PLACE_IMAGES
        for rank in range(count):
            others = [common[rank % len(common)], common[rank // len(common) % len(common)]]
            composition = _composition(place, kind, others[: 1 + rank % 2], own, rng)
            specs.append(ImageSpec(f"SUN2012/Images/{sun_name(composition, rng)}", composition))
    write_sun2012(root, specs, rng, draw)


def write_sun2012(
    root: Path, specs: list[ImageSpec], rng: np.random.Generator, draw: DrawImages
) -> None:
    """Draw the images, whose backdrops are keys of SURROUNDINGS, and annotate all but the last."""
    ranks: Counter[str] = Counter()
    for spec, content in zip(specs[:-1], draw(specs), strict=False):
        annotation = _annotation(spec, content, ranks[spec.composition.name], rng)
        ranks[spec.composition.name] += 1
        path = root / spec.path.replace("Images", "Annotations", 1)
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
    """Return an image's composition: perhaps an object of its own kind, others, surroundings."""
    first = [kind] if rng.random() < OWN_KIND_RATE else []
    if rng.random() < FOREIGN_KIND_RATE:
        first.append(own[rng.integers(len(own))])
    objects = tuple((each,) for each in first + others)
    backdrop = list(SURROUNDINGS)[rng.integers(len(SURROUNDINGS))]
    return Composition(place, objects, SPACIOUS, backdrop)


def _annotation(
    spec: ImageSpec, content: ImageContent, rank: int, rng: np.random.Generator
) -> ET.Element:
    """Return the XML of image ``rank`` of its place; partly annotated images lack the surroundings."""
    width, height = content.size
    annotation = ET.Element("annotation")
    folder, _, name = spec.path.removeprefix("SUN2012/Images/").rpartition("/")
    _texts(annotation, {"filename": name, "folder": folder})
    source = ET.SubElement(annotation, "source")
    _texts(source, {"sourceImage": "Synthetic", "sourceAnnotation": "LabelMe Webtool"})
    size = ET.SubElement(annotation, "imagesize")
    _texts(size, {"nrows": height, "ncols": width})
    outlines = [(_typed_name(each.kind, rng), each.polygon) for each in content.objects]
    if rank < FULLY_ANNOTATED:
        horizon = content.horizon_row or 0
        names = SURROUNDINGS[spec.composition.backdrop]
        bands = [(horizon, height)] if len(names) == 1 else [(0, horizon), (horizon, height)]
        for name, (top, bottom) in zip(names, bands, strict=True):
            typed = NAME_VARIANTS.get(name, name) if rng.random() < _VARIANT_RATE else name
            outlines.append((typed, _rectangle(0, top, width, bottom)))
    for typed, polygon in outlines:
        _add_object(annotation, typed, polygon)
    whole = _rectangle(0, 0, width, height)
    if rank == 0:
        _add_object(annotation, "zebra", whole, deleted=True)
    if rank == 1:
        _add_object(annotation, "", whole)
    return annotation


def _typed_name(kind: Kind, rng: np.random.Generator) -> str:
    """Return an object's name as typed: its shape, sometimes with a capital or a tag."""
    forms = (kind.shape.capitalize(), f"{kind.shape} occluded", f"{kind.shape}  crop")
    return forms[rng.integers(len(forms))] if rng.random() < _VARIANT_RATE else kind.shape


def _rectangle(x0: float, y0: float, x1: float, y1: float) -> np.ndarray:
    """Return the centres of a half-open box's corner pixels, clockwise."""
    return np.array([(x0, y0), (x1 - 1, y0), (x1 - 1, y1 - 1), (x0, y1 - 1)], float)


def _add_object(
    annotation: ET.Element, typed: str, polygon: np.ndarray, *, deleted: bool = False
) -> None:
    """Add an object; ``polygon`` is in pixels, and the first pixel's centre is 0."""
    number = len(annotation.findall("object"))
    element = ET.SubElement(annotation, "object")
    _texts(element, {"name": typed, "deleted": int(deleted), "verified": 0, "id": number})
    outline = ET.SubElement(element, "polygon")
    _texts(outline, {"username": "somebody"})
    for x, y in np.round(polygon).astype(int) + 1:
        _texts(ET.SubElement(outline, "pt"), {"x": x, "y": y})


def _texts(element: ET.Element, texts: dict[str, object]) -> None:
    """Add a child for each text, surrounded by line breaks as in LabelMe."""
    for tag, text in texts.items():
        ET.SubElement(element, tag).text = f"\n{text}\n"
