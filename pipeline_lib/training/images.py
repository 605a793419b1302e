"""The images of a training job: decoded from the data set's folder, or from packed shards."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import fingerprint
from pipeline_lib.data.loader import CachedImages, SquareImages, WarpedImages
from pipeline_lib.data.manifest import identify_images, pictures
from pipeline_lib.data.shards import INDEX_NAME, PACK_AGAIN, PackedImages
from pipeline_lib.training.distributed import Processes

_MAX_CACHED_BYTES = 256 << 20  # smaller sets of warped images are decoded once and kept in memory


@dataclass(frozen=True)
class ImageSource:
    """A manifest and its images: in the folder ``root``, or packed in the folder ``shards`` if given.

    ``verify`` compares the shards with their checksums first.
    """

    manifest: Path
    root: Path | None
    shards: Path | None
    verify: bool

    @property
    def kind(self) -> str:
        """The name in the network's card."""
        return "folder" if self.shards is None else "shards"


def open_images(
    source: ImageSource, images: pd.DataFrame, warp: int, processes: Processes
) -> tuple[SquareImages, tuple]:
    """Return the images of the manifest's rows, ``warp`` pixels square, and their fingerprint's parts.

    The fingerprint of shards is that of the manifest and of their index, which has a checksum of each
    shard. Raises InputError for shards of another manifest or size.
    """
    if source.shards is None:
        identity = identify_images(source.manifest, images, source.root)
        squares = WarpedImages(pictures(images, source.root), (warp, warp))
        if 3 * warp**2 * len(images) <= _MAX_CACHED_BYTES:
            squares = CachedImages(squares)
        return squares, identity
    packed = PackedImages(source.shards)
    manifest = fingerprint(source.manifest)
    if packed.packing.manifest != manifest:
        raise InputError(f"{source.shards}: packed from another {source.manifest}; {PACK_AGAIN}")
    if packed.packing.side != warp:
        raise InputError(
            f"{source.shards}: holds images of {packed.packing.side} pixels, not of --warp {warp};"
            f" {PACK_AGAIN}"
        )
    if source.verify:
        processes.run_in_first(packed.verify)
    return packed, (manifest, fingerprint(source.shards / INDEX_NAME))
