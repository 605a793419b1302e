"""A few drawn pictures of the sizes and formats of photographs, linked under as many names as needed.

A rehearsal needs thousands of files, but whatever they show will do: some forty are drawn, and hard
links to them take no time and no space. Images of a class have the same two, so that an SVM tells some.
"""

import os
import shutil
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from zlib import crc32

import numpy as np
from PIL import Image

from pipeline_lib.data.synthetic.image_files import ImageContent, ImageSpec
from pipeline_lib.data.synthetic.kinds import KINDS
from pipeline_lib.data.synthetic.scenes import Style, draw_composition

PHOTOGRAPH = (500, 375)
LARGE = (4288, 2848)  # a camera's 12 megapixels: ImageNet has some
SQUARE = (256, 256)  # Places205 is published at this size
_SIZES = {  # (width, height) of the pictures, by their format
    "RGB": [PHOTOGRAPH] * 14 + [(375, 500)] * 6 + [(500, 333), (334, 500), (640, 480), (180, 240)],
    "L": [PHOTOGRAPH, (375, 500)],
    "CMYK": [PHOTOGRAPH],
    "GIF": [PHOTOGRAPH],
}


@dataclass(frozen=True)
class Pictures:
    """Drawn files by format (as in ``ImageSpec``; LARGE and SQUARE by their names), with contents."""

    files: dict[str, list[tuple[Path, ImageContent]]]

    def link(self, root: Path, specs: list[ImageSpec]) -> list[ImageContent]:
        """Put a picture of its format at the path of each spec below ``root``; return the contents.

        A path that is there stays. Which picture it is depends on the path and the class alone; a class
        has two, images without a class have any.
        """
        contents = []
        for spec in specs:
            path = root / spec.path
            path.parent.mkdir(parents=True, exist_ok=True)
            file, content = _choice(self.files[spec.format], spec)
            if not path.exists():
                _link(file, path)
            contents.append(content)
        return contents


def draw_pictures(folder: Path, seed: int) -> Pictures:
    """Draw the pictures into ``folder``, which is made."""
    folder.mkdir(parents=True)
    numbers = count(1)
    sizes = _SIZES | {"LARGE": [LARGE], "SQUARE": [SQUARE] * 8}
    return Pictures(
        {
            name: [_draw(folder, next(numbers), name, size, seed) for size in group]
            for name, group in sizes.items()
        }
    )


def _draw(
    folder: Path, number: int, name: str, size: tuple[int, int], seed: int
) -> tuple[Path, ImageContent]:
    rng = np.random.default_rng([seed, number])
    kinds = tuple(KINDS[index] for index in rng.permutation(len(KINDS))[: 1 + number % 3])
    scene = draw_composition(kinds, Style(size=size, reach=(0.3, 0.45)), None, rng)
    image, path = Image.fromarray(scene.image), folder / f"{number}.jpg"
    if name == "GIF":
        image.save(path, "GIF")
    else:
        image.convert(name if name in ("L", "CMYK") else "RGB").save(path, "JPEG", quality=90)
    return path, ImageContent(size, scene.objects)


def _choice(files: list[tuple[Path, ImageContent]], spec: ImageSpec) -> tuple[Path, ImageContent]:
    number, name = crc32(spec.path.encode()), spec.composition.name
    return files[(crc32(name.encode()) + number % 2 if name else number) % len(files)]


def _link(file: Path, path: Path) -> None:
    try:
        os.link(file, path)
    except OSError:  # the file system has no hard links, or not so many to one file
        shutil.copyfile(file, path)
