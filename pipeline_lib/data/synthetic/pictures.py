"""Drawing many images side by side, each from its own seed, and writing them as files of any form."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from multiprocessing.pool import Pool
from pathlib import Path

import numpy as np
from PIL import Image

from pipeline_lib.common.command import progress
from pipeline_lib.data.synthetic.classes import Composition
from pipeline_lib.data.synthetic.scenes import DrawnObject


@dataclass(frozen=True)
class Picture:
    """A file to draw: its path below the set's folder, what it shows, and what is behind its name.

    ``form`` is "RGB", "L" or "CMYK" for a JPEG of that mode, or "GIF".
    """

    path: str
    shows: Composition
    form: str = "RGB"


@dataclass(frozen=True)
class Drawn:
    """What a drawn file shows: its (width, height) in pixels, its objects, its backdrop's first row."""

    size: tuple[int, int]
    objects: tuple[DrawnObject, ...]
    edge: int | None = None


Draw = Callable[[list[Picture]], list[Drawn]]  # below a set's folder


def draw_pictures(pool: Pool, folder: Path, seed: int, pictures: list[Picture]) -> list[Drawn]:
    """Draw and write the pictures below ``folder``; return what each shows.

    An image depends on ``seed``, the folder's name and its own path, and on nothing else.
    """
    for parent in {(folder / picture.path).parent for picture in pictures}:
        parent.mkdir(parents=True, exist_ok=True)
    drawn = pool.imap(partial(_draw_one, folder, seed), pictures, chunksize=16)
    return list(progress(drawn, folder.name, total=len(pictures)))


def _draw_one(folder: Path, seed: int, picture: Picture) -> Drawn:
    rng = np.random.default_rng([seed, *f"{folder.name}/{picture.path}".encode()])
    scene = picture.shows.draw(rng)
    image = Image.fromarray(scene.image)
    if picture.form == "GIF":
        image.save(folder / picture.path, "GIF")
    else:
        image.convert(picture.form).save(folder / picture.path, "JPEG", quality=92)
    return Drawn(image.size, scene.objects, scene.edge)
