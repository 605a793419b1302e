"""Drawing many images in parallel, each from its own seed, and writing them as files."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from multiprocessing.pool import Pool
from pathlib import Path

import numpy as np
from PIL import Image

from pipeline_lib.common.command import progress
from pipeline_lib.data.synthetic.compositions import Composition
from pipeline_lib.data.synthetic.scenes import SceneObject


@dataclass(frozen=True)
class ImageSpec:
    """An image to draw: its path below the set's folder, its composition, and its file format.

    ``format`` is "RGB", "L" or "CMYK" for a JPEG of that mode, or "GIF", whatever the path's suffix.
    """

    path: str
    composition: Composition
    format: str = "RGB"


@dataclass(frozen=True)
class ImageContent:
    """A drawn image's (width, height) in pixels, its objects, and the first row of its backdrop."""

    size: tuple[int, int]
    objects: tuple[SceneObject, ...]
    horizon_row: int | None = None


DrawImages = Callable[[list[ImageSpec]], list[ImageContent]]  # writes below the set's folder


def draw_images(pool: Pool, folder: Path, seed: int, specs: list[ImageSpec]) -> list[ImageContent]:
    """Draw and write the images below ``folder``; return their contents.

    An image depends only on ``seed``, the folder's name and its own path.
    """
    for parent in {(folder / spec.path).parent for spec in specs}:
        parent.mkdir(parents=True, exist_ok=True)
    contents = pool.imap(partial(_draw_image, folder, seed), specs, chunksize=16)
    return list(progress(contents, folder.name, total=len(specs)))


def _draw_image(folder: Path, seed: int, spec: ImageSpec) -> ImageContent:
    rng = np.random.default_rng([seed, *f"{folder.name}/{spec.path}".encode()])
    scene = spec.composition.draw(rng)
    image = Image.fromarray(scene.image)
    if spec.format == "GIF":
        image.save(folder / spec.path, "GIF")
    else:
        image.convert(spec.format).save(folder / spec.path, "JPEG", quality=92)
    return ImageContent(image.size, scene.objects, scene.horizon_row)
