"""Warp a manifest's images once and pack them into shards, which training reads with --shards."""

import argparse
import itertools
import multiprocessing
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing.connection import wait
from pathlib import Path

import pandas as pd

from pipeline_lib.common.command import command, log, progress, step_parser
from pipeline_lib.common.errors import InputError
from pipeline_lib.data.manifest import read_images
from pipeline_lib.data.shards import (
    INDEX,
    Packing,
    packing,
    shard_name,
    whole_shard,
    write_index,
    write_shard,
)


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--images", type=Path, required=True, help="the manifest")
    parser.add_argument("--root", type=Path, required=True, help="the data set's folder")
    parser.add_argument("--side", type=int, default=256, help="side images are warped to, pixels")
    parser.add_argument("--seed", type=int, default=0, help="of the shuffle over the shards")
    parser.add_argument("--shard-size", type=int, default=4096, help="images in a shard")
    parser.add_argument("--processes", type=int, default=1, help="that warp and encode")
    parser.add_argument("--quality", type=int, default=95, help="of the JPEG files")
    parser.add_argument("--out", type=Path, required=True, help="folder of the shards, resumable")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Write the shards that are not there yet, then the index."""
    for name, least in {
        "side": 1,
        "shard_size": 1,
        "processes": 1,
        "quality": 1,
        "seed": 0,
    }.items():
        if getattr(arguments, name) < least:
            flag = name.replace("_", "-")
            raise InputError(f"--{flag} is {getattr(arguments, name)}; at least {least} is needed")
    images = read_images(arguments.images)
    made = packing(
        arguments.images,
        images,
        arguments.root,
        side=arguments.side,
        seed=arguments.seed,
        shard_size=arguments.shard_size,
        quality=arguments.quality,
    )
    folder = arguments.out
    shards = [images.iloc[rows] for rows in made.shards(len(images))]
    paths = [folder / shard_name(number) for number in range(len(shards))]
    (folder / INDEX).unlink(missing_ok=True)  # an index stands for whole shards
    tasks = [(path, arguments.root, shard, made) for path, shard in zip(paths, shards, strict=True)]
    written = sum(progress(_packed(tasks, arguments.processes), "pack", len(tasks)))
    for path in set(folder.glob("shard-*.h5")) - set(paths):
        path.unlink()
    write_index(folder, made, [len(shard) for shard in shards])
    log.info(
        "%s: %d images in %d shards, %d of them kept from before",
        *(folder, len(images), len(shards), len(shards) - written),
    )


def _packed(tasks: list[tuple], processes: int) -> Iterator[bool]:
    """Do the tasks, in ``processes`` where that is more than one; yield which had to be written."""
    if processes == 1:
        yield from itertools.starmap(_pack, tasks)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, initializer=_end_with_parent) as pool:
        futures = [pool.submit(_pack, *task) for task in tasks]
        try:
            for future in as_completed(futures):
                yield future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _pack(path: Path, root: Path, images: pd.DataFrame, made: Packing) -> bool:
    """Write one shard, unless it is there already; return whether it had to be written."""
    if whole_shard(path, images.index.to_numpy(), made):
        return False
    write_shard(path, root, images, made)
    return True


def _end_with_parent() -> None:
    """Do not outlive a parent that was killed: idle workers would wait for tasks for ever."""

    def watch() -> None:
        wait([multiprocessing.parent_process().sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
