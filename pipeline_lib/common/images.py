"""Opening images of any format."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

from pipeline_lib.common.errors import InputError

ADVICE = "fetch it again, or leave such images out (images.unreadable: skip)"
# What stands where an image should: nothing, a link in a circle, a folder.
_NO_FILE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EISDIR)


class UnreadableImage(InputError):
    """A file that is no image that can be decoded; reading it again would not help."""


def open_rgb(path: Path | str, advice: str = ADVICE) -> Image.Image:
    """Decode an image of any format and mode to RGB; the content, not the name, decides the format.

    Of 16 bits a channel the upper eight are kept. Raises UnreadableImage, naming the file and what to do
    (``advice``), if it is missing, truncated, not an image, or too large; InputError if the system
    cannot read it.
    """
    with _opened(path, advice) as image:
        return _to_rgb(image)


def image_size(path: Path | str) -> tuple[int, int]:
    """Return (width, height) in pixels from the header alone. Raises like ``open_rgb``."""
    with _opened(path, ADVICE) as image:
        return image.size


def warp(image: Image.Image, width: int, height: int) -> np.ndarray:
    """Resize to (height, width, 3) uint8, ignoring the aspect ratio as the authors do (bicubic)."""
    return np.asarray(image.resize((width, height), Image.Resampling.BICUBIC))


@contextmanager
def _opened(path: Path | str, advice: str) -> Iterator[Image.Image]:
    """Open an image; what goes wrong then, and inside, is one line that names the file."""
    try:
        with Image.open(path) as image:
            yield image
    except MemoryError:
        raise
    except Exception as error:  # a damaged file raises almost anything
        code = error.errno if isinstance(error, OSError) else None  # Pillow's own have none
        if code in _NO_FILE:
            raise UnreadableImage(f"{path}: {absence(path)}; {advice}") from None
        if code is not None:
            raise InputError(
                f"{path}: cannot be read ({os.strerror(code)}); rerun once it can"
            ) from None
        reason = (str(error) or type(error).__name__).splitlines()[0].replace(f" {str(path)!r}", "")
        raise UnreadableImage(f"{path}: cannot be decoded ({reason}); {advice}") from None


def absence(path: Path | str) -> str:
    """Say what stands where an image file should: a folder, a link to nothing, nothing."""
    if os.path.isdir(path):
        return "is a folder, not an image"
    return (
        f"links to {os.readlink(path)}, which is not there" if os.path.islink(path) else "not found"
    )


def _to_rgb(image: Image.Image) -> Image.Image:
    """Convert to RGB. Pillow would clip 16 bits at 255, to a white image."""
    if image.mode == "F":
        raise ValueError("its pixels are floating-point numbers")
    if not image.mode.startswith("I"):
        return image.convert("RGB")
    pixels = np.asarray(image)
    if pixels.min() < 0 or pixels.max() > 0xFFFF:
        raise ValueError("its pixels have more than 16 bits")
    return Image.fromarray((pixels >> 8).astype(np.uint8)).convert("RGB")
