"""Opening images of any format."""

from pathlib import Path

import numpy as np
from PIL import Image

from pipeline_lib.common.errors import InputError


def open_rgb(path: Path | str) -> Image.Image:
    """Decode an image of any format and mode to RGB; the content, not the name, decides the format.

    Raises InputError, naming the file, if it is missing, truncated or not an image.
    """
    try:
        with Image.open(path) as image:
            return image.convert("RGB")
    except FileNotFoundError:
        raise InputError(f"{path}: not found") from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise InputError(f"{path}: cannot be decoded ({error}); fetch it again") from None


def image_size(path: Path | str) -> tuple[int, int]:
    """Return (width, height) in pixels from the header alone. Raises InputError like ``open_rgb``."""
    try:
        with Image.open(path) as image:
            return image.size
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise InputError(f"{path}: not a readable image ({error}); fetch it again") from None


def warp(image: Image.Image, width: int, height: int) -> np.ndarray:
    """Resize to (height, width, 3) uint8, ignoring the aspect ratio as the authors do (bicubic)."""
    return np.asarray(image.resize((width, height), Image.Resampling.BICUBIC))
