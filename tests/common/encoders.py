"""Image files written byte by byte, by the formats' own rules: what Pillow cannot write."""

import struct
import zlib

import numpy as np

GRAY, RGB, PALETTE, GRAY_ALPHA, RGB_ALPHA = 0, 2, 3, 4, 6  # PNG's colour types
_PASSES = (
    (0, 0, 8, 8),
    (0, 4, 8, 8),
    (4, 0, 8, 4),
    (0, 2, 4, 4),
    (2, 0, 4, 2),
    (0, 1, 2, 2),
    (1, 0, 2, 1),
)
_TYPES = {3: "H", 4: "I", 7: "B"}  # TIFF's


def packed(rows: np.ndarray, bits: int, order: str = ">") -> bytes:
    """The samples of a (height, any) array, each row filled up to whole bytes."""
    if bits >= 8:
        return rows.astype(f"{order}u{bits // 8}").tobytes()
    shifts = np.arange(bits - 1, -1, -1)
    return np.packbits((rows[..., None] >> shifts & 1).reshape(len(rows), -1), axis=1).tobytes()


def chunk(name: bytes, content: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(name + content))
    return struct.pack(">I", len(content)) + name + content + checksum


def png(pixels, bits, colour, *, interlaced=False, before=(), after=()):
    """PNG of a (height, width, samples) array, with (name, content) of chunks around its data."""
    height, width = pixels.shape[:2]
    parts = [pixels]
    if interlaced:
        parts = [pixels[y::down, x::right] for y, x, down, right in _PASSES]
    data = b""
    for part in parts:
        rows = [packed(row.reshape(1, -1), bits) for row in part]
        data += b"".join(b"\0" + row for row in rows if row)
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, interlaced)
    chunks = [(b"IHDR", header), *before, (b"IDAT", zlib.compress(data)), *after, (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*each) for each in chunks)


def tiff(pixels, bits, photometric, *, order="<", layout="strip", extra=None, sign=1, tags=()):
    """TIFF of a (height, width, samples) array: in a strip, strips, tiles or a strip for each sample.

    ``extra`` says what a last sample is: 2 for alpha, 1 for alpha by which the colours are multiplied.
    ``sign`` is 1 for unsigned, 2 for signed and 3 for floating-point samples.
    """
    height, width, samples = pixels.shape
    kind = {1: "u", 2: "i", 3: "f"}[sign]

    def encoded(part):
        rows = part.reshape(len(part), -1)
        if bits < 8:
            return packed(rows, bits)
        return rows.astype(f"{order}{kind}{bits // 8}").tobytes()

    if layout == "tiles":
        whole = np.pad(pixels, ((0, -height % 16), (0, -width % 16), (0, 0)))
        corners = [(y, x) for y in range(0, height, 16) for x in range(0, width, 16)]
        blocks = [encoded(whole[y : y + 16, x : x + 16]) for y, x in corners]
    elif layout == "planar":
        blocks = [encoded(pixels[..., sample]) for sample in range(samples)]
    else:
        step = 3 if layout == "strips" else height
        blocks = [encoded(pixels[y : y + step]) for y in range(0, height, step)]
    offsets = (8 + np.cumsum([0, *map(len, blocks)])).tolist()
    offsets, end = offsets[:-1], offsets[-1] + offsets[-1] % 2
    fields = {
        256: (3, [width]),
        257: (3, [height]),
        258: (3, [bits] * samples),
        259: (3, [1]),
        262: (3, [photometric]),
        277: (3, [samples]),
        284: (3, [2 if layout == "planar" else 1]),
        339: (3, [sign] * samples),
        **dict(tags),
    }
    sizes = [len(block) for block in blocks]
    if layout == "tiles":
        fields |= {322: (3, [16]), 323: (3, [16]), 324: (4, offsets), 325: (4, sizes)}
    else:
        step = 3 if layout == "strips" else height
        fields |= {273: (4, offsets), 278: (3, [step]), 279: (4, sizes)}
    if extra is not None:
        fields[338] = (3, [extra])
    entries, more, at = b"", b"", end + 2 + 12 * len(fields) + 4
    for tag, (code, values) in sorted(fields.items()):
        content = struct.pack(f"{order}{len(values)}{_TYPES[code]}", *values)
        entries += struct.pack(f"{order}HHI", tag, code, len(values))
        if len(content) <= 4:
            entries += content.ljust(4, b"\0")
        else:
            entries += struct.pack(f"{order}I", at + len(more))
            more += content + b"\0" * (len(content) % 2)
    start = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", end)
    body = b"".join(blocks).ljust(end - 8, b"\0")
    return start + body + struct.pack(f"{order}H", len(fields)) + entries + bytes(4) + more


def bmp(
    rows, bits, *, palette=(), top_down=False, compression=0, masks=(), width=None, height=None
):
    """BMP of the bytes of its rows, the upper one first, or of compressed data."""
    if isinstance(rows, bytes):
        data = rows
    else:
        width, height = width or rows[0].nbytes * 8 // bits, len(rows)
        lines = [row.tobytes() + bytes(-row.nbytes % 4) for row in rows]
        data = b"".join(lines if top_down else lines[::-1])
    colours = b"".join(bytes((b, g, r, 0)) for r, g, b in palette)
    mask_bytes = struct.pack(f"<{len(masks)}I", *masks)
    size = 40 if len(masks) != 4 else 108
    rest = mask_bytes.ljust(68, b"\0") if size == 108 else mask_bytes
    offset = 14 + 40 + len(rest) + len(colours)
    info = struct.pack(
        "<IiiHHIIiiII", size, width, -height if top_down else height, 1, bits, compression, len(data),
        2835, 2835, len(palette), 0,
    )  # fmt: skip
    return (
        struct.pack("<2sIHHI", b"BM", offset + len(data), 0, 0, offset)
        + info
        + rest
        + colours
        + data
    )


def gray_profile(gamma: float) -> bytes:
    """An ICC profile of gray of this gamma."""
    white = struct.pack(">4sI3i", b"XYZ ", 0, 63190, 65536, 54061)
    curve = struct.pack(">4sIIHH", b"curv", 0, 1, round(gamma * 256), 0)
    name = struct.pack(">4sII", b"desc", 0, 6) + b"plain\0" + bytes(8 + 3 + 67 + 1)
    text = struct.pack(">4sI", b"text", 0) + b"none"
    parts = {b"desc": name, b"wtpt": white, b"kTRC": curve, b"cprt": text}
    table, body, at = b"", b"", 128 + 4 + 12 * len(parts)
    for key, content in parts.items():
        table += struct.pack(">4sII", key, at + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    header = struct.pack(
        ">I4sI4s4s4s12s4s4sIIIQI3i", at + len(body), b"none", 0x02400000, b"mntr", b"GRAY", b"XYZ ",
        struct.pack(">6H", 2020, 1, 1, 0, 0, 0), b"acsp", bytes(4), 0, 0, 0, 0, 0, 63190, 65536, 54061,
    )  # fmt: skip
    return header.ljust(128, b"\0") + struct.pack(">I", len(parts)) + table + body
