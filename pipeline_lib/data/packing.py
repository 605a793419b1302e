"""Packing the images of a manifest into shards, in parallel; a killed run resumes."""

from pathlib import Path
from typing import NamedTuple

import pandas as pd

from pipeline_lib.common.command import progress
from pipeline_lib.common.processes import run_in_processes
from pipeline_lib.data.manifest import identify_images, read_images
from pipeline_lib.data.shards import (
    INDEX_NAME,
    Packing,
    is_complete_shard,
    shard_name,
    write_index,
    write_shard,
)


class PackingCounts(NamedTuple):
    """The numbers of images, of shards, and of shards that an earlier run had written."""

    images: int
    shards: int
    kept_shards: int


def pack_images(
    manifest: Path,
    root: Path,
    folder: Path,
    *,
    side: int,
    seed: int,
    shard_size: int,
    quality: int,
    processes: int,
) -> PackingCounts:
    """Warp the images of ``manifest``, which lie below ``root``, and write them to shards in ``folder``.

    Images are warped to squares of ``side`` pixels, shuffled by ``seed``, ``shard_size`` to a shard,
    as JPEG files of this ``quality``. Complete shards of the same packing are kept, those of another
    packing replaced or deleted. The index is written last.

    Raises InputError for an image that is missing or cannot be decoded.
    """
    images = read_images(manifest)
    identity = identify_images(manifest, images, root)
    packing = Packing(
        manifest=identity.images,
        sizes=identity.files,
        side=side,
        seed=seed,
        shard_size=shard_size,
        quality=quality,
    )
    shards = [images.iloc[rows] for rows in packing.shards(len(images))]
    paths = [folder / shard_name(number) for number in range(len(shards))]
    (folder / INDEX_NAME).unlink(missing_ok=True)  # an index promises that all shards are complete
    tasks = [(path, root, shard, packing) for path, shard in zip(paths, shards, strict=True)]
    written = sum(
        progress(run_in_processes(_write_if_incomplete, tasks, processes), "pack", len(tasks))
    )
    for path in set(folder.glob("shard-*.h5")) - set(paths):
        path.unlink()
    write_index(folder, packing, [len(shard) for shard in shards])
    return PackingCounts(len(images), len(shards), len(shards) - written)


def _write_if_incomplete(path: Path, root: Path, images: pd.DataFrame, packing: Packing) -> bool:
    """Write one shard unless a complete one exists; return whether it was written."""
    if is_complete_shard(path, images.index.to_numpy(), packing):
        return False
    write_shard(path, root, images, packing)
    return True
