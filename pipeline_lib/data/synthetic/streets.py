"""The synthetic SVT and outdoor scenes of SUN397: places with a sign, with or without a word on it.

Only the word distinguishes the two sets: places, clutter and signs are the same.
"""

import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from pipeline_lib.data.synthetic.compositions import Composition
from pipeline_lib.data.synthetic.drawing import Box
from pipeline_lib.data.synthetic.image_files import DrawImages, ImageSpec
from pipeline_lib.data.synthetic.scenes import Backdrop, Scene, Style

IMAGES_PER_SUBSET = {"train": 90, "test": 50}
WORDLESS = sum(IMAGES_PER_SUBSET.values())
WORDS = (
    *("CAFE", "BANK", "HOTEL", "PIZZA", "BAKERY", "MARKET", "THEATRE", "BOOKS", "DINER", "STUDIO"),
    *("TAVERN", "GRILL", "FLORIST", "TAILOR", "PHARMACY"),
)
MARGIN = 3  # pixels between a word and its sign's edge
HEIGHT = (0.16, 0.24)  # of letters, as a fraction of the image's shorter side
PLACES = {
    "street": Backdrop("bricked", 0.05, 0.0),
    "highway": Backdrop("striped", 0.6, 0.5),
    "plaza": Backdrop("checked", 0.3, 0.35),
}
STYLE = Style(side=(140, 190), clutter=(1, 3))


@dataclass(frozen=True)
class Word:
    """A word in an image; ``box`` is half-open, in whole pixels."""

    text: str
    box: Box


@dataclass(frozen=True)
class Street(Composition):
    """A place with a sign; ``has_word`` tells whether there is a word on it."""

    has_word: bool = False

    def draw(self, rng: np.random.Generator) -> Scene:
        """Draw a new image; its objects are its words."""
        image = Image.fromarray(super().draw(rng).image)
        word = _draw_sign(image, self.has_word, rng)
        return Scene(np.asarray(image), (word,) if self.has_word else ())


def write_streets(root: Path, rng: np.random.Generator, draw: DrawImages) -> None:
    """Write ``svt1/img/*.jpg``, ``svt1/{train,test}.xml``; ``SUN397/<letter>/<class>/sun_*.jpg``."""
    write_svt(root, rng, draw)
    draw(
        [
            ImageSpec(f"SUN397/{street.name[0]}/{street.name}/sun_{index:04}.jpg", street)
            for index, street in enumerate(_street(rng, has_word=False) for _ in range(WORDLESS))
        ]
    )


def write_svt(
    root: Path,
    rng: np.random.Generator,
    draw: DrawImages,
    images_per_subset: Mapping[str, int] = IMAGES_PER_SUBSET,
    style: Style = STYLE,
) -> None:
    """Write ``svt1/img/*.jpg`` and ``svt1/{train,test}.xml``."""
    number = 0
    for subset, count in images_per_subset.items():
        names = [f"img/{number + index:02}_{rng.integers(100):02}.jpg" for index in range(count)]
        number += count
        specs = [
            ImageSpec(f"svt1/{name}", _street(rng, has_word=True, style=style)) for name in names
        ]
        tags = ElementTree.Element("tagset")
        for name, content in zip(names, draw(specs), strict=True):
            _add_image(tags, name, content.size, content.objects)
        ElementTree.indent(tags)
        ElementTree.ElementTree(tags).write(root / "svt1" / f"{subset}.xml", "utf-8", True)


def _street(rng: np.random.Generator, *, has_word: bool, style: Style = STYLE) -> Street:
    name = rng.choice(list(PLACES))
    return Street(str(name), (), style, PLACES[name], has_word=has_word)


def _draw_sign(image: Image.Image, has_word: bool, rng: np.random.Generator) -> Word:
    """Draw a sign at a random position, with a word on it if ``has_word``; return the word."""
    text = str(rng.choice(WORDS))
    font = ImageFont.load_default(rng.uniform(*HEIGHT) * min(image.size))
    left, top, right, bottom = font.getbbox(text)
    width, height = int(right - left), int(bottom - top)
    x = int(rng.integers(MARGIN, max(MARGIN + 1, image.width - width - MARGIN)))
    y = int(rng.integers(MARGIN, image.height - height - MARGIN))
    dark, bright = (
        tuple(rng.integers(*limits, size=3).tolist()) for limits in ((0, 70), (190, 256))
    )
    ground, ink = (dark, bright) if rng.random() < 0.5 else (bright, dark)
    box = (x, y, min(x + width, image.width), y + height)
    brush = ImageDraw.Draw(image)
    plate = (box[0] - MARGIN, box[1] - MARGIN, box[2] + MARGIN, box[3] + MARGIN)
    brush.rectangle(plate, fill=ground)
    if has_word:
        brush.text((x - left, y - top), text, ink, font)
    return Word(text, box)


def _add_image(
    tags: ElementTree.Element, name: str, size: tuple[int, int], words: tuple[Word, ...]
) -> None:
    """Add an image to a list, in SVT's format."""
    image = ElementTree.SubElement(tags, "image")
    ElementTree.SubElement(image, "imageName").text = name
    ElementTree.SubElement(image, "lex").text = ",".join(sorted({word.text for word in words}))
    ElementTree.SubElement(image, "Resolution", x=str(size[0]), y=str(size[1]))
    rectangles = ElementTree.SubElement(image, "taggedRectangles")
    for word in words:
        x0, y0, x1, y1 = word.box
        sides = {"x": x0, "y": y0, "width": x1 - x0, "height": y1 - y0}
        rectangle = ElementTree.SubElement(
            rectangles, "taggedRectangle", {key: str(value) for key, value in sides.items()}
        )
        ElementTree.SubElement(rectangle, "tag").text = word.text
