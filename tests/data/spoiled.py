"""Files called .jpg that are no image, or an odd one, by what is the matter with them."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image


def _encoded(image: Image.Image, kind: str) -> bytes:
    content = io.BytesIO()
    image.save(content, kind)
    return content.getvalue()


def _chunk(name: bytes, content: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(name + content))
    return struct.pack(">I", len(content)) + name + content + checksum


def _bomb(side: int = 50_000) -> bytes:
    """A few hundred bytes of PNG that say they are an image of ``side`` squared pixels."""
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    data = zlib.compress(bytes(1000))
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", data)
        + _chunk(b"IEND", b"")
    )


def readable(width: int = 64, height: int = 48) -> dict[str, bytes]:
    """Odd images that can be decoded, of this size in pixels."""
    ramp = np.add.outer(np.arange(height), np.arange(width)).astype(np.uint8)
    colours = Image.fromarray(np.stack([ramp, ramp[::-1], ramp[:, ::-1]], axis=-1))
    return {
        "colour": _encoded(colours, "JPEG"),
        "cmyk": _encoded(colours.convert("CMYK"), "JPEG"),
        "grey": _encoded(colours.convert("L"), "JPEG"),
        "sixteen-bit": _encoded(Image.fromarray(ramp.astype(np.uint16) << 8), "PNG"),
        "palette": _encoded(colours.convert("P"), "GIF"),
        "transparent": _encoded(colours.convert("RGBA"), "PNG"),
    }


def unreadable(width: int = 64, height: int = 48) -> dict[str, bytes]:
    """What cannot be decoded; those that have a whole header say that they are of this size."""
    whole = readable(width, height)
    return {
        "truncated": whole["colour"][: len(whole["colour"]) // 2],
        "empty": b"",
        "page": b"<!doctype html><html><title>404</title></html>",
        "bomb": _bomb(),
        "header-alone": whole["colour"][:20],
        "broken-png": whole["transparent"][:-40],
    }


READABLE, UNREADABLE = readable(), unreadable()


def is_readable_by_pillow(path: Path) -> bool:
    """Pillow's own verdict: whether it decodes the whole file."""
    try:
        with Image.open(path) as image:
            image.load()
    except Exception:
        return False
    return True
