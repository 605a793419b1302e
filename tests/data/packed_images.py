"""Images to pack, and the flags that pack them."""

import numpy as np
from PIL import Image

from pipeline_lib.data.manifest import IMAGE_COLUMNS, write_rows

COUNT, SIDE = 25, 32


def write_source(folder):
    """Write smooth images of odd sizes, one of them grey, and their manifest."""
    rng = np.random.default_rng(0)
    rows = []
    for index in range(COUNT):
        width, height = (int(side) for side in rng.integers(20, 90, 2))
        coarse = Image.fromarray(rng.integers(0, 256, (4, 5, 3), dtype=np.uint8))
        image = coarse.resize((width, height), Image.Resampling.BICUBIC)
        image = image.convert("L") if index == 3 else image
        image.save(folder / f"{index}.png")
        rows.append((f"image-{index}", f"{index}.png", "n1", width, height, False))
    write_rows(folder / "images.csv", IMAGE_COLUMNS, rows)
    return folder


def pack_flags(source, out, *more):
    return [
        *("--images", str(source / "images.csv"), "--root", str(source), "--warp", str(SIDE)),
        *("--shard-size", "7", "--out", str(out), *more),
    ]


def shards(folder):
    return sorted(folder.glob("*.h5"))
