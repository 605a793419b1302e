"""The twins of SVT and of SUN397's outdoor scenes: places with a sign, written upon or blank.

Nothing but the writing tells the two apart: places, clutter and signs are the same.
"""

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from pipeline_lib.data.synthetic.classes import Composition
from pipeline_lib.data.synthetic.drawing import Box
from pipeline_lib.data.synthetic.pictures import Draw, Picture
from pipeline_lib.data.synthetic.scenes import Backdrop, Scene, Style

PARTS = {"train": 90, "test": 50}
WORDLESS = sum(PARTS.values())
WORDS = (
    *("CAFE", "BANK", "HOTEL", "PIZZA", "BAKERY", "MARKET", "THEATRE", "BOOKS", "DINER", "STUDIO"),
    *("TAVERN", "GRILL", "FLORIST", "TAILOR", "PHARMACY"),
)
MARGIN = 3  # pixels of a sign around its word
HEIGHT = (0.16, 0.24)  # of a word's letters, as a part of the shorter side
PLACES = {
    "street": Backdrop("bricked", 0.05, 0.0),
    "highway": Backdrop("striped", 0.6, 0.5),
    "plaza": Backdrop("checked", 0.3, 0.35),
}
_STYLE = Style(side=(140, 190), clutter=(1, 3))


@dataclass(frozen=True)
class Word:
    """A word as drawn: ``box`` is half-open, in whole pixels."""

    text: str
    box: Box


@dataclass(frozen=True)
class Street(Composition):
    """A place with a sign; ``written`` tells whether there is a word on it."""

    written: bool = False

    def draw(self, rng: np.random.Generator) -> Scene:
        """Draw a new image; its objects are the words."""
        image = Image.fromarray(super().draw(rng).image)
        word = _put_sign(image, self.written, rng)
        return Scene(np.asarray(image), (word,) if self.written else ())


def write_streets(root: Path, rng: np.random.Generator, draw: Draw) -> None:
    """``svt1/img/*.jpg``, ``svt1/{train,test}.xml``; ``SUN397/<letter>/<class>/sun_*.jpg``."""
    number = 0
    for part, count in PARTS.items():
        names = [f"img/{number + index:02}_{rng.integers(100):02}.jpg" for index in range(count)]
        number += count
        pictures = [Picture(f"svt1/{name}", _street(rng, written=True)) for name in names]
        tags = ElementTree.Element("tagset")
        for name, drawn in zip(names, draw(pictures), strict=True):
            _tag(tags, name, drawn.size, drawn.objects)
        ElementTree.indent(tags)
        ElementTree.ElementTree(tags).write(root / "svt1" / f"{part}.xml", "utf-8", True)
    draw(
        [
            Picture(f"SUN397/{one.name[0]}/{one.name}/sun_{index:04}.jpg", one)
            for index, one in enumerate(_street(rng, written=False) for _ in range(WORDLESS))
        ]
    )


def _street(rng: np.random.Generator, *, written: bool) -> Street:
    name = rng.choice(list(PLACES))
    return Street(str(name), (), _STYLE, PLACES[name], written=written)


def _put_sign(image: Image.Image, written: bool, rng: np.random.Generator) -> Word:
    """Paint a sign somewhere and, if it is to be written, a word on it; return the word."""
    text = str(rng.choice(WORDS))
    font = ImageFont.load_default(rng.uniform(*HEIGHT) * min(image.size))
    left, top, right, bottom = font.getbbox(text)
    width, height = int(right - left), int(bottom - top)
    x = int(rng.integers(MARGIN, max(MARGIN + 1, image.width - width - MARGIN)))
    y = int(rng.integers(MARGIN, image.height - height - MARGIN))
    dark, bright = (tuple(rng.integers(*among, size=3).tolist()) for among in ((0, 70), (190, 256)))
    ground, ink = (dark, bright) if rng.random() < 0.5 else (bright, dark)
    box = (x, y, min(x + width, image.width), y + height)
    brush = ImageDraw.Draw(image)
    plate = (box[0] - MARGIN, box[1] - MARGIN, box[2] + MARGIN, box[3] + MARGIN)
    brush.rectangle(plate, fill=ground)
    if written:
        brush.text((x - left, y - top), text, ink, font)
    return Word(text, box)


def _tag(
    tags: ElementTree.Element, name: str, size: tuple[int, int], words: tuple[Word, ...]
) -> None:
    """Add an image to a list, in SVT's words."""
    one = ElementTree.SubElement(tags, "image")
    ElementTree.SubElement(one, "imageName").text = name
    ElementTree.SubElement(one, "lex").text = ",".join(sorted({word.text for word in words}))
    ElementTree.SubElement(one, "Resolution", x=str(size[0]), y=str(size[1]))
    rectangles = ElementTree.SubElement(one, "taggedRectangles")
    for word in words:
        x0, y0, x1, y1 = word.box
        sides = {"x": x0, "y": y0, "width": x1 - x0, "height": y1 - y0}
        rectangle = ElementTree.SubElement(
            rectangles, "taggedRectangle", {key: str(value) for key, value in sides.items()}
        )
        ElementTree.SubElement(rectangle, "tag").text = word.text
