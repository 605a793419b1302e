"""Small pictures that stand in the page itself, as WebP in data URIs."""

import base64
import io
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from pipeline_lib.common.images import open_rgb
from pipeline_lib.data.manifest import pictures

QUALITY = 70  # of WebP, of 100
_METHOD = 6  # the smallest files


def thumbnail(picture: Image.Image | np.ndarray, side: int) -> str:
    """Return the data URI of an RGB picture, (H, W, 3) uint8, at most ``side`` pixels large."""
    small = Image.fromarray(picture) if isinstance(picture, np.ndarray) else picture.copy()
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    small.save(file, "WEBP", quality=QUALITY, method=_METHOD)
    return "data:image/webp;base64," + base64.b64encode(file.getvalue()).decode("ascii")


def open_image(images: pd.DataFrame, root: Path, row: int) -> Image.Image:
    """Open the image in ``row`` of a manifest, below ``root``, in its view. Raises like ``open_rgb``."""
    (picture,) = pictures(images.iloc[[row]], root)
    return open_rgb(*picture)


def evenly(count: int, most: int) -> list[int]:
    """Return up to ``most`` of the numbers below ``count``, at equal steps from first to last."""
    if count <= most:
        return list(range(count))
    return np.linspace(0, count - 1, most).round().astype(int).tolist()
