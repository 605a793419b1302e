"""Decoding images: the one place where files become pixels.

An image has two views. ``SHOWN`` is what a viewer shows: turned as its EXIF or XMP data says, in the
colours that its ICC profile means. ``STORED`` has the pixels as they are in the file, which is what the
paper's code read: the published sets keep it. Both have eight bits a channel and white where an image is
transparent; of several pages or frames, both have the first.
"""

import errno
import io
import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import ExifTags, Image, ImageCms, TiffImagePlugin, UnidentifiedImageError

from pipeline_lib.common.errors import InputError, reason_of
from pipeline_lib.common.file_kinds import kind_of

STORED, SHOWN = "stored", "shown"
VIEWS = (STORED, SHOWN)
ADVICE = "fetch it again, or leave such files out (images.unreadable: skip)"
# What stands where an image should: nothing, or a link in a circle.
_NO_FILE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
# The formats in which Pillow agrees with other decoders. It reads more, but gives the negative of XBM,
# other colours of a truncated PCX, and has Ghostscript run EPS, which is a program.
_FORMATS = (
    *("JPEG", "PNG", "GIF", "WEBP", "AVIF", "TIFF", "BMP", "DIB", "JPEG2000", "PPM"),
    *("ICO", "PSD", "QOI", "SGI", "SUN", "TGA"),  # TGA has no signature: it is tried last
)
_TURNED_BY_PILLOW = ("TIFF",)
_UPRIGHT = 1
_TURNS = {  # how each of EXIF's orientations is undone; from 5 on, width and height change places
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_PHOTOMETRIC, _WHITE_IS_ZERO = 262, 0  # TIFF's tag, and its value
_PLANES = 284  # TIFF's tag: 2 if each channel stands by itself
_SRGB = ImageCms.createProfile("sRGB")

# Pillow warns of large images, odd metadata and the like. What matters is whether the pixels come out,
# and where they do not, it raises an error.
warnings.filterwarnings("ignore", module="PIL")
logging.getLogger("PIL").setLevel(logging.CRITICAL)
# Pillow itself, unlike libtiff, mistakes channels that stand by themselves in some uncompressed TIFFs.
TiffImagePlugin.READ_LIBTIFF = True


class Picture(NamedTuple):
    """An image file and the view of it that is meant."""

    path: Path
    view: str


class Header(NamedTuple):
    """What an image's header says: its (width, height) in both views, and what tells these apart."""

    stored: tuple[int, int]
    shown: tuple[int, int]
    is_turned: bool
    has_profile: bool

    def size(self, view: str) -> tuple[int, int]:
        """Return the (width, height) in pixels of a view."""
        return self.shown if view == SHOWN else self.stored


class UnreadableImage(InputError):
    """A file that is no image that can be decoded; reading it again would not help.

    ``reason`` is the part of the message that says why; processes hand on the message alone.
    """

    reason = ""


def open_rgb(path: Path | str, view: str, advice: str = ADVICE) -> Image.Image:
    """Decode a view of an image to RGB; the content, not the name, decides the format.

    Of 16 bits a channel the upper eight are kept. Raises UnreadableImage, naming the file and what to do
    (``advice``), if it is missing, truncated, not an image, or too large, or if its pixels have no known
    range; InputError if the system cannot read it.
    """
    with _opened(path, advice) as image:
        _decode(image)
        if view == STORED:
            return _to_rgb(image)
        orientation = _orientation(image)
        profile = _profile(image)
        rgb = _to_rgb(image, profile)
        if orientation == _UPRIGHT or image.format in _TURNED_BY_PILLOW:
            return rgb
        return rgb.transpose(_TURNS[orientation])


def read_header(path: Path | str) -> Header:
    """Read an image's header alone. Raises like ``open_rgb``."""
    with _opened(path, ADVICE) as image:
        orientation, size = _orientation(image), image.size
        is_turned = orientation != _UPRIGHT and image.format not in _TURNED_BY_PILLOW
        shown = size[::-1] if is_turned and orientation >= 5 else size
        return Header(size, shown, is_turned, _profile(image) is not None)


def warp(image: Image.Image, width: int, height: int) -> np.ndarray:
    """Resize to (height, width, 3) uint8, ignoring the aspect ratio as the authors do (bicubic)."""
    return np.asarray(image.resize((width, height), Image.Resampling.BICUBIC))


@contextmanager
def _opened(path: Path | str, advice: str) -> Iterator[Image.Image]:
    """Open an image; what goes wrong then, and inside, is one line that names the file."""
    if os.path.exists(path) and not os.path.isfile(path):  # a pipe would be waited for
        raise _unreadable(path, absence(path), advice)
    try:
        with Image.open(path, formats=_FORMATS) as image:
            yield image
    except MemoryError:
        raise
    except Exception as error:  # a damaged file raises almost anything
        code = error.errno if isinstance(error, OSError) else None  # Pillow's own have none
        if code in _NO_FILE:
            raise _unreadable(path, absence(path), advice) from None
        if code is not None:
            raise InputError(
                f"{path}: cannot be read ({os.strerror(code)}); rerun once it can"
            ) from None
        kind = kind_of(path) if isinstance(error, UnidentifiedImageError) else ""
        is_other = kind and not kind.endswith("image")  # else a damaged one
        reason = f"it is {kind}" if is_other else reason_of(error).replace(f" {str(path)!r}", "")
        raise _unreadable(path, f"cannot be decoded ({reason})", advice) from None


def _unreadable(path: Path | str, reason: str, advice: str) -> UnreadableImage:
    error = UnreadableImage(f"{path}: {reason}; {advice}")
    error.reason = reason
    return error


def absence(path: Path | str) -> str:
    """Say what stands where an image file should: a folder, a device, a link to nothing, nothing."""
    if os.path.exists(path):
        return f"is a {'folder' if os.path.isdir(path) else 'pipe or device'}, not an image"
    return (
        f"links to {os.readlink(path)}, which is not there" if os.path.islink(path) else "not found"
    )


def _orientation(image: Image.Image) -> int:
    """Return EXIF's orientation, 1 to 8; 1, upright, where there is none or it cannot be read."""
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, _UPRIGHT)
    except Exception:  # damaged metadata; the pixels may be whole
        return _UPRIGHT
    return value if value in _TURNS else _UPRIGHT


def _profile(image: Image.Image) -> ImageCms.ImageCmsProfile | None:
    """Return the colour profile that changes an image's pixels; None for sRGB's and damaged ones."""
    content = image.info.get("icc_profile")
    if not content:
        return None
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(content))
        is_srgb = "srgb" in ImageCms.getProfileDescription(profile).lower()
    except (ImageCms.PyCMSError, OSError):
        return None
    return None if is_srgb else profile


def _decode(image: Image.Image) -> None:
    """Decode the pixels, and give PNG's transparent colour their bits: Pillow leaves it the file's."""
    raw_mode = image.tile[0].args if image.format == "PNG" and image.tile else ""
    image.load()
    if image.mode == "LA" and image.format == "TIFF" and image.tag_v2.get(_PLANES) == 2:
        raise ValueError("its planes of gray and alpha would be mistaken for each other")
    if "transparency" not in image.info:
        return
    if raw_mode == "RGB;16B":  # its lower bits are gone
        raise ValueError("its transparent colour has 16 bits a channel")
    image.info["transparency"] *= {"L;2": 85, "L;4": 17}.get(raw_mode, 1)


def _to_rgb(image: Image.Image, profile: ImageCms.ImageCmsProfile | None = None) -> Image.Image:
    """Convert to RGB of eight bits a channel, in sRGB's colours if there is a ``profile``."""
    if image.mode == "F":
        raise ValueError("its pixels are floating-point numbers")
    if image.mode.startswith("I"):
        image = _upper_bits(image)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        alpha = image.getchannel("A")
        image = _in_srgb(image.convert("RGB"), profile)
        return Image.composite(image, Image.new("RGB", image.size, "white"), alpha)
    return _in_srgb(image, profile).convert("RGB")


def _in_srgb(image: Image.Image, profile: ImageCms.ImageCmsProfile | None) -> Image.Image:
    """Turn an image of a profile's colours into sRGB's; as it is where the two do not fit."""
    if profile is None:
        return image
    if image.mode not in ("L", "RGB", "CMYK", "LAB"):
        image = image.convert("RGB")
    if image.mode == "RGB" and profile.profile.xcolor_space == "GRAY":  # gray with alpha, say
        gray = image.convert("L")
        if gray.convert("RGB").tobytes() == image.tobytes():
            image = gray
    try:
        return ImageCms.profileToProfile(image, profile, _SRGB, outputMode="RGB")
    except ImageCms.PyCMSError:  # such as a profile of RGB in a gray image
        return image


def _upper_bits(image: Image.Image) -> Image.Image:
    """Return the upper eight of 16 bits of gray. Pillow would clip them at 255, to a white image."""
    pixels = np.asarray(image)
    if (
        pixels.itemsize > 2 and image.format != "PPM"
    ):  # in PPM's plain numbers, Pillow means 16 bits
        raise ValueError("its pixels have a sign or more than 16 bits")
    upper = (pixels >> 8).astype(np.uint8)
    # Of TIFF, Pillow heeds this in eight bits only.
    is_inverted = image.format == "TIFF" and image.tag_v2.get(_PHOTOMETRIC) == _WHITE_IS_ZERO
    gray = Image.fromarray(255 - upper if is_inverted else upper)
    if "transparency" in image.info:
        gray.putalpha(Image.fromarray(pixels != image.info["transparency"]))
    return gray
