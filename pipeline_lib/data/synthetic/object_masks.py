"""Masks of drawn objects: which pixels they cover, as gray PNG files."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from pipeline_lib.data.synthetic.drawing import fill
from pipeline_lib.data.synthetic.scenes import SceneObject


def write_mask(
    path: Path, size: tuple[int, int], objects: Iterable[SceneObject], annotators: int = 1
) -> None:
    """Write the union of the objects' bodies, on which their parts lie, as a PNG of 8-bit gray.

    ``size`` is the image's (width, height). A pixel's gray is the share of ``annotators`` who take it
    for the object's, from 0 to 255: as many of them as the bodies cover of the pixel. One annotator says
    0 or 255. No random number is drawn.
    """
    covered = np.zeros(size[::-1], np.uint8)
    for each in objects:
        fill(covered, each.polygon, np.array([255.0]))
    votes = np.round(covered / 255 * annotators)
    Image.fromarray((votes * (255 // annotators)).astype(np.uint8)).save(path, "PNG")
