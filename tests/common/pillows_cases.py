"""Image files that Pillow and OpenCV write, in every mode, and others, as in ``picture_cases``."""

import io
import struct
import zipfile
import zlib
from itertools import product

import cv2
import numpy as np
from PIL import Image

from tests.common.encoders import png
from tests.common.picture_cases import TURNS, exif, noise, over_white, saved, shown, smooth

_NOT_WRITTEN = (
    ("TGA", "1", 1),
    ("JPEG2000", "I;16", 2),
    ("ICO", "RGB", 1),
    ("ICO", "L", 1),
)  # or wrongly
_TILES, _SIZES = {"tile_size": (16, 16)}, [(37, 21)]


def picture(mode):
    """Noise in one of Pillow's modes, and the pixels that it means."""
    if mode == "1":
        bits = noise(1, 1)
        return Image.fromarray(bits[..., 0].astype(bool)), shown(bits, 1)
    if mode == "I;16":
        deep = noise(1, 16)
        return Image.fromarray(deep[..., 0].astype(np.uint16)), shown(deep, 16)
    samples = noise({"L": 1, "P": 1, "LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4}[mode])
    image = Image.fromarray(samples.astype(np.uint8).squeeze(), None if mode != "CMYK" else mode)
    if mode == "P":
        table = np.random.default_rng(2).integers(0, 256, (256, 3))
        image.putpalette(table.astype(np.uint8).tobytes())
        return image, table[samples[..., 0]]
    if mode == "CMYK":
        return image, (255 - samples[..., :3]) * (255 - samples[..., 3:]) / 255
    if mode in ("LA", "RGBA"):
        return image, over_white(shown(samples[..., :-1]), samples[..., -1:])
    return image, shown(samples)


def lossless():
    ways = {
        "PNG": (("1", "L", "P", "LA", "RGB", "RGBA", "I;16"), ({}, {"optimize": True})),
        "TIFF": (
            ("1", "L", "P", "LA", "RGB", "RGBA", "CMYK", "I;16"),
            ({}, {"compression": "tiff_lzw"}, {"compression": "tiff_adobe_deflate"}, {"big_tiff": True}),
        ),
        "BMP": (("1", "L", "P", "RGB"), ({},)),
        "DIB": (("1", "L", "P", "RGB"), ({},)),
        "GIF": (("1", "L", "P"), ({}, {"interlace": False})),
        "WEBP": (("L", "RGB", "RGBA"), ({"lossless": True, "exact": True},)),
        "JPEG2000": (("L", "LA", "RGB", "RGBA", "I;16"), ({}, {"no_jp2": True}, _TILES)),
        "PPM": (("1", "L", "RGB", "I;16"), ({},)),
        "TGA": (
            ("1", "L", "P", "LA", "RGB", "RGBA"),
            ({}, {"compression": "tga_rle"}, {"orientation": 1}),
        ),
        "ICO": (("RGB", "RGBA", "L"), ({"sizes": _SIZES}, {"sizes": _SIZES, "bitmap_format": "bmp"})),
        "SGI": (("L", "RGB", "RGBA"), ({},)),
        "QOI": (("RGB", "RGBA"), ({},)),
    }  # fmt: skip
    for kind, (modes, hows) in ways.items():
        for mode, (number, how) in product(modes, enumerate(hows)):
            if (kind, mode, number) in _NOT_WRITTEN:
                continue
            image, pixels = picture(mode)
            yield f"{kind}-{mode}-{number}", saved(image, kind, **how), (pixels, 1)
    wide = Image.new("RGBA", (150, 150), (9, 8, 7, 255))  # its header could be one of TGA
    content = saved(wide, "ICO", sizes=[wide.size], bitmap_format="bmp")
    yield "ICO-wide", content, (np.asarray(wide)[..., :3], 0)
    rgb = noise(3)
    for orientation, kind in product(TURNS, ("PNG", "WEBP", "TIFF")):
        how = {"lossless": True} if kind == "WEBP" else {}
        content = saved(Image.fromarray(rgb.astype(np.uint8)), kind, exif=exif(orientation), **how)
        yield f"exif-{kind}-{orientation}", content, (TURNS[orientation](rgb), 0)
    first, others = Image.fromarray(rgb.astype(np.uint8)), [Image.new("RGB", (37, 21), "red")] * 2
    for kind in ("PNG", "TIFF", "WEBP"):
        how = {"lossless": True} if kind == "WEBP" else {}
        content = saved(first, kind, save_all=True, append_images=others, **how)
        yield f"several-{kind}", content, (rgb, 0)
    paletted, pixels = picture("P")
    content = saved(paletted, "GIF", save_all=True, append_images=[Image.new("P", (37, 21))])
    yield "several-GIF", content, (pixels, 0)
    for level in (0, 7, 255):
        clear = np.asarray(paletted)[..., None] == level
        content = saved(paletted, "GIF", transparency=level)
        yield f"GIF-clear-{level}", content, (np.where(clear, 255, pixels), 0)
    for dtype, samples, extension in product((np.uint8, np.uint16), (1, 3, 4), (".png", ".tiff")):
        bits = 8 * np.dtype(dtype).itemsize
        values = noise(samples, bits)
        if samples == 4:
            pixels = over_white(shown(values[..., :3], bits), values[..., 3:] >> (bits - 8))
            stored = values[..., [2, 1, 0, 3]]
        else:
            pixels, stored = shown(values, bits), values[..., ::-1]
        _, content = cv2.imencode(extension, stored.astype(dtype))
        yield f"opencv-{samples}-{bits}{extension}", content.tobytes(), (pixels, 1)


def maps():
    """Netpbm's kinds, with every highest value."""
    for highest, plain, samples in product((1, 15, 255, 1023, 65535), (False, True), (1, 3)):
        values = noise(samples, 16) % (highest + 1)
        magic = {(1, True): 2, (3, True): 3, (1, False): 5, (3, False): 6}[samples, plain]
        content = f"P{magic}\n# a comment\n37 21\n{highest}\n".encode()
        if plain:
            content += " ".join(map(str, values.ravel())).encode()
        else:
            content += values.astype(">u2" if highest > 255 else np.uint8).tobytes()
        pixels = np.broadcast_to(values * 255 / highest, (21, 37, 3))
        yield f"P{magic}-{highest}", content, (pixels, 1)
    yield (
        "P7",
        b"P7\nWIDTH 37\nHEIGHT 21\nDEPTH 4\nMAXVAL 255\nENDHDR\n" + bytes(4 * 37 * 21),
        "identify",
    )
    yield "Pf", b"Pf\n37 21\n-1.0\n" + bytes(4 * 37 * 21), "floating-point"


def lossy():
    picture, near = smooth(), 14
    gray = np.broadcast_to(smooth(1), picture.shape)
    for progressive, subsampling in product((False, True), (0, 1, 2)):
        how = {"quality": 97, "progressive": progressive, "subsampling": subsampling}
        name = f"{progressive}-{subsampling}"
        yield f"jpeg-{name}", saved(Image.fromarray(picture), "JPEG", **how), (picture, near)
        content = saved(Image.fromarray(smooth(1)[..., 0]), "JPEG", **how)
        yield f"jpeg-gray-{name}", content, (gray, near)
    content = saved(Image.fromarray(picture), "JPEG", quality=97, keep_rgb=True)
    yield "jpeg-of-rgb", content, (picture, near)
    ink = smooth(4) // 2
    pixels = (255 - ink[..., :3].astype(float)) * (255 - ink[..., 3:].astype(float)) / 255
    content = saved(Image.fromarray(ink, "CMYK"), "JPEG", quality=97)
    yield "jpeg-of-cmyk", content, (pixels, near)
    # By Adobe's marker the same samples, 255 - ink, are YCCK: luma, two of colour, black.
    at = content.index(b"Adobe") + 11
    y, cb, cr = np.moveaxis(255.0 - ink[..., :3], -1, 0)
    paper = [
        y + 1.402 * (cr - 128),
        y - 0.344136 * (cb - 128) - 0.714136 * (cr - 128),
        y + 1.772 * (cb - 128),
    ]
    pixels = (
        (255 - np.stack(paper, axis=-1).clip(0, 255)) * (255 - ink[..., 3:].astype(float)) / 255
    )
    yield "jpeg-of-ycck", content[:at] + b"\2" + content[at + 1 :], (pixels, 20)
    for orientation in TURNS:
        turned = TURNS[orientation](picture)
        for kind in ("JPEG", "WEBP", "AVIF"):
            content = saved(Image.fromarray(picture), kind, quality=97, exif=exif(orientation))
            yield f"exif-{kind}-{orientation}", content, (turned, 24)
    alpha = np.concatenate([picture, np.full_like(picture[..., :1], 128)], axis=-1)
    for kind in ("WEBP", "AVIF"):
        content = saved(Image.fromarray(alpha), kind, quality=97)
        yield f"alpha-{kind}", content, (over_white(picture.astype(float), alpha[..., 3:]), 24)
    content = saved(
        Image.fromarray(picture), "AVIF", quality=97, save_all=True,
        append_images=[Image.new("RGB", (37, 21))],
    )  # fmt: skip
    yield "several-avif", content, (picture, 24)


def others():
    """What is not read: other formats, and what is no image."""
    black = Image.new("1", (8, 8))
    for kind, image in {
        "XBM": black,
        "MSP": black,
        "PALM": black,
        "PCX": black,
        "DDS": black.convert("RGB"),
        "SPIDER": black.convert("F"),
        "EPS": black.convert("RGB"),
        "PDF": black.convert("RGB"),
        "ICNS": black.convert("RGB").resize((32, 32)),
    }.items():
        yield kind, saved(image, kind), "cannot be decoded ("
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("photo.jpg", b"x")
    yield "zip", archive.getvalue(), "it is a ZIP archive"
    yield "empty", b"", "it is empty"
    yield "text", b"photo.jpg: not found\n", "cannot identify"
    yield "page", b"<!doctype html><html></html>", "it is a web page"
    yield "pointer", b"version https://git-lfs.github.com/spec/v1\n", "it is a Git LFS pointer"
    yield "zeros", bytes(4096), "nothing but zeros"
    bomb = png(np.zeros((1, 1, 1), int), 8, 0)
    for side in (20_000, 2**31 - 1):
        size = struct.pack(">II", side, side)
        header = b"IHDR" + size + bomb[24:29]
        content = bomb[:12] + header + struct.pack(">I", zlib.crc32(header)) + bomb[33:]
        yield f"bomb-{side}", content, "cannot be decoded ("
