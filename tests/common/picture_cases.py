"""Image files of every kind, and the pixels that they mean in closed form: (name, bytes, expected).

What is expected is a (height, width, 3) array and how far from it a pixel may be, or words of the line
that refuses the file.
"""

import io
import struct
import zlib
from itertools import product

import numpy as np
from PIL import Image

from tests.common.encoders import (
    GRAY,
    GRAY_ALPHA,
    PALETTE,
    RGB,
    RGB_ALPHA,
    bmp,
    gray_profile,
    packed,
    png,
    tiff,
)

HEIGHT, WIDTH = 21, 37
# EXIF's table: what stands in the first row and column of what is stored, as a change of the array
# that turns it into what is shown.
TURNS = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
    8: lambda a: np.rot90(a),
}
PALETTE_COLOURS = [(i * 37 % 256, i * 91 % 256, 255 - i) for i in range(256)]

_UNKNOWN = "cannot identify image file"


def noise(samples, bits=8, seed=0):
    """Every sample of these bits at random; (height, width, samples)."""
    values = np.random.default_rng(seed).integers(0, 1 << bits, (HEIGHT, WIDTH, samples))
    values[-1, -1] = (1 << bits) - 1
    return values


def smooth(samples=3):
    """A picture that lossy formats keep."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    every = [x * 5, y * 9, 200 - x * 2 - y * 3, 255 - 6 * x]
    return np.stack(every[:samples], axis=-1).astype(np.uint8)


def shown(samples, bits=8):
    """Samples of gray or RGB as RGB of eight bits."""
    levels = samples >> 8 if bits == 16 else np.rint(samples * 255 / ((1 << bits) - 1)).astype(int)
    return np.broadcast_to(levels, (*levels.shape[:2], 3))


def over_white(colours, alpha):
    """Colours over white; ``alpha`` is a (height, width, 1) array from 0 to 255."""
    return colours * (alpha / 255) + 255 - alpha


def saved(image, kind, **how):
    content = io.BytesIO()
    image.save(content, kind, **how)
    return content.getvalue()


def exif(orientation):
    data = Image.Exif()
    data[0x112] = orientation
    return data.tobytes()


def pngs():
    for bits, adam in product((1, 2, 4, 8, 16), (False, True)):
        gray, name = noise(1, bits), f"gray-{bits}{'-interlaced' * adam}"
        yield name, png(gray, bits, GRAY, interlaced=adam), (shown(gray, bits), 0)
        level = int(gray[3, 4, 0])
        clear = [(b"tRNS", struct.pack(">H", level))]
        pixels = np.where(gray == level, 255, shown(gray, bits))
        yield f"{name}-clear", png(gray, bits, GRAY, interlaced=adam, before=clear), (pixels, 0)
        if bits == 16:
            continue
        indices = gray % 200  # the palette may be shorter than its bits allow
        entries = min(1 << bits, 200)
        colours = np.array(PALETTE_COLOURS[:entries])
        table = [(b"PLTE", colours.astype(np.uint8).tobytes())]
        how = {"interlaced": adam}
        name = name.replace("gray", "palette")
        yield name, png(indices, bits, PALETTE, before=table, **how), (colours[indices[..., 0]], 0)
        for kind, alphas in (("one", [255, 0]), ("some", [90, 0, 200])):
            alphas = alphas[: 1 << bits]
            table_alpha = [*table, (b"tRNS", bytes(alphas))]
            alpha = np.array(alphas + [255] * 256)[indices]
            pixels = over_white(colours[indices[..., 0]], alpha)
            content = png(indices, bits, PALETTE, before=table_alpha, **how)
            yield f"{name}-clear-{kind}", content, (pixels, 1)
    for bits, adam in product((8, 16), (False, True)):
        name, how = f"{bits}{'-interlaced' * adam}", {"interlaced": adam}
        rgb = noise(3, bits)
        yield f"rgb-{name}", png(rgb, bits, RGB, **how), (shown(rgb, bits), 0)
        clear = [(b"tRNS", struct.pack(">3H", *map(int, rgb[2, 5])))]
        is_clear = (rgb == rgb[2, 5]).all(axis=-1, keepdims=True)
        pixels = np.where(is_clear, 255, shown(rgb, bits))
        expected = (pixels, 0) if bits == 8 else "its transparent colour has 16 bits a channel"
        yield f"rgb-{name}-clear", png(rgb, bits, RGB, before=clear, **how), expected
        for samples, colour in ((2, GRAY_ALPHA), (4, RGB_ALPHA)):
            values = noise(samples, bits)
            levels = values >> (bits - 8)
            pixels = over_white(shown(levels[..., :-1]), levels[..., -1:])
            yield f"alpha-{samples}-{name}", png(values, bits, colour, **how), (pixels, 1)
    rgb = noise(3)
    for orientation, place in product(TURNS, ("before", "after")):
        chunks = {place: [(b"eXIf", exif(orientation).removeprefix(b"Exif\0\0"))]}
        content = png(rgb, 8, RGB, **chunks)
        yield f"exif-{orientation}-{place}", content, (TURNS[orientation](rgb), 0)


def tiffs():
    layouts = list(product("<>", ("strip", "strips", "tiles", "planar")))
    alpha = noise(1, 8, 1)
    for order, layout in layouts:
        how, name = {"order": order, "layout": layout}, f"{'II' if order == '<' else 'MM'}-{layout}"
        for bits, inverted in product((1, 2, 4, 8, 16), (False, True)):
            gray = noise(1, bits)
            pixels = 255 - shown(gray, bits) if inverted else shown(gray, bits)
            content = tiff(gray, bits, 0 if inverted else 1, **how)
            is_read = not (inverted and bits == 16 and order == ">")  # by Pillow
            expected = (pixels, 0) if is_read else _UNKNOWN
            yield f"{name}-gray-{bits}{'-inverted' * inverted}", content, expected
        for bits in (8, 16):
            rgb = noise(3, bits)
            yield f"{name}-rgb-{bits}", tiff(rgb, bits, 2, **how), (shown(rgb, bits), 0)
            deep = alpha * 257 if bits == 16 else alpha
            rgba = np.concatenate([rgb, deep], axis=-1)
            pixels = over_white(shown(rgb, bits), alpha)
            yield f"{name}-rgba-{bits}", tiff(rgba, bits, 2, extra=2, **how), (pixels, 1)
            yield f"{name}-rgbx-{bits}", tiff(rgba, bits, 2, extra=0, **how), (shown(rgb, bits), 0)
            by_alpha = np.concatenate([rgb * alpha // 255, deep], axis=-1)
            pixels = shown(by_alpha[..., :3], bits) + 255 - alpha
            content = tiff(by_alpha, bits, 2, extra=1, **how)
            yield f"{name}-rgba-multiplied-{bits}", content, (pixels, 3)
            gray = np.concatenate([noise(1, bits), deep], axis=-1)
            pixels = over_white(shown(gray[..., :1], bits), alpha)
            expected = (pixels, 1) if layout != "planar" else "planes of gray and alpha"
            content = tiff(gray, bits, 1, extra=2, **how)
            yield f"{name}-gray-alpha-{bits}", content, expected if bits == 8 else _UNKNOWN
            ink = noise(4, bits)
            levels = ink >> (bits - 8)
            pixels = (255 - levels[..., :3]) * (255 - levels[..., 3:]) / 255
            yield f"{name}-cmyk-{bits}", tiff(ink, bits, 5, **how), (pixels, 1)
        for bits in (1, 4, 8):
            table = np.array(PALETTE_COLOURS[: 1 << bits])
            indices = noise(1, bits)
            tags = {320: (3, (table.T * 257).ravel().tolist())}
            content = tiff(indices, bits, 3, tags=tags, **how)
            yield f"{name}-palette-{bits}", content, (table[indices[..., 0]], 0)
        for sign, bits, kind in (
            (3, 32, "floats"),
            (2, 16, "signed"),
            (1, 32, "long"),
            (2, 32, "32"),
        ):
            content = tiff(noise(1, min(bits, 31)) >> 1, bits, 1, sign=sign, **how)
            yield (
                f"{name}-{kind}",
                content,
                _UNKNOWN if (kind, order) == ("long", ">") else "its pixels ",
            )
    for orientation, order in product(TURNS, "<>"):
        rgb = noise(3)
        content = tiff(rgb, 8, 2, order=order, tags={274: (3, [orientation])})
        yield f"orientation-{orientation}-{order}", content, (TURNS[orientation](rgb), 0)
    y, cb, cr = np.moveaxis(noise(3).astype(float), -1, 0)
    rgb = np.stack(
        [
            y + 1.402 * (cr - 128),
            y - 0.344136 * (cb - 128) - 0.714136 * (cr - 128),
            y + 1.772 * (cb - 128),
        ],
        axis=-1,
    )
    content = tiff(noise(3), 8, 6, tags={530: (3, [1, 1])})
    yield "ycbcr", content, (rgb.clip(0, 255), 2)
    gray = np.zeros((HEIGHT, WIDTH, 3), int)
    gray[..., 0] = noise(1)[..., 0]
    f = (gray[..., :1] / 2.55 + 16) / 116
    linear = np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29))
    yield "lab", tiff(gray, 8, 8), (np.broadcast_to(gamma_of_srgb(linear), gray.shape), 2)
    picture = Image.fromarray(smooth())
    for way in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "zstd", "lzma"):
        yield way, saved(picture, "TIFF", compression=way), (smooth(), 0)
    yield "jpeg", saved(picture, "TIFF", compression="jpeg", quality=95), (smooth(), 12)
    black = Image.fromarray(noise(1, 1)[..., 0].astype(bool))
    for way in ("group3", "group4", "tiff_ccitt"):
        yield way, saved(black, "TIFF", compression=way), (shown(noise(1, 1), 1), 0)
    pages = [Image.new("RGB", (5, 4), "red")]
    content = saved(picture, "TIFF", save_all=True, append_images=pages)
    yield "pages", content, (smooth(), 0)


def gamma_of_srgb(linear):
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def profiles():
    """Gray of a gamma of its own, in every kind of gray."""
    linear = np.arange(256).reshape(8, 32, 1)
    pixels = np.broadcast_to(gamma_of_srgb((linear / 255) ** 1.8), (8, 32, 3))
    profile = gray_profile(1.8)
    chunks = [(b"iCCP", b"gray\0\0" + zlib.compress(profile))]
    for bits in (8, 16):
        deep = linear * (257 if bits == 16 else 1)
        both = np.concatenate([deep, np.full_like(deep, (1 << bits) - 1)], axis=-1)
        yield f"png-{bits}", png(deep, bits, GRAY, before=chunks), (pixels, 1)
        yield f"png-alpha-{bits}", png(both, bits, GRAY_ALPHA, before=chunks), (pixels, 1)
        tags = {34675: (7, list(profile))}
        yield f"tiff-{bits}", tiff(deep, bits, 1, tags=tags), (pixels, 1)
    gray = Image.fromarray(linear[..., 0].astype(np.uint8))
    yield "jpeg", saved(gray, "JPEG", quality=100, icc_profile=profile), (pixels, 3)


def bmps():
    for bits, top_down in product((1, 4, 8), (False, True)):
        table = np.array(PALETTE_COLOURS[: 1 << bits])
        indices = noise(1, bits)
        rows = [np.frombuffer(packed(row.reshape(1, -1), bits), np.uint8) for row in indices]
        content = bmp(rows, bits, palette=table.tolist(), top_down=top_down, width=WIDTH)
        yield f"palette-{bits}-{top_down}", content, (table[indices[..., 0]], 0)
    for top_down in (False, True):
        rgb = noise(3)
        rows = list(rgb[..., ::-1].astype(np.uint8).reshape(HEIGHT, -1))
        yield f"24-{top_down}", bmp(rows, 24, top_down=top_down), (rgb, 0)
        four = np.concatenate([rgb[..., ::-1], noise(1, 8, 1)], axis=-1).astype(np.uint8)
        rows = list(four.reshape(HEIGHT, -1))
        yield f"32-{top_down}", bmp(rows, 32, top_down=top_down), (rgb, 0)
        masks = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)
        content = bmp(rows, 32, top_down=top_down, compression=3, masks=masks)
        yield f"32-alpha-{top_down}", content, (over_white(rgb, noise(1, 8, 1)), 1)
        five = noise(3, 5)
        words = (five[..., 0] << 10 | five[..., 1] << 5 | five[..., 2]).astype("<u2")
        pixels = shown(five, 5)
        yield f"555-{top_down}", bmp(list(words), 16, top_down=top_down), (pixels, 7)
        words = (five[..., 0] << 11 | five[..., 1] << 6 | five[..., 2]).astype("<u2")
        content = bmp(
            list(words), 16, top_down=top_down, compression=3, masks=(0xF800, 0x7E0, 0x1F)
        )
        yield f"565-{top_down}", content, (shown(five, 5), 7)
    indices = noise(1)[..., 0]
    runs = b"".join(
        b"".join(bytes((1, i)) for i in row) + b"\0\0" for row in indices[::-1].tolist()
    )
    content = bmp(
        runs + b"\0\1", 8, palette=PALETTE_COLOURS, compression=1, width=WIDTH, height=HEIGHT
    )
    yield "rle", content, (np.array(PALETTE_COLOURS)[indices], 0)
