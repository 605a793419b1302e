"""Warp a manifest's images once and pack them into shards, which training reads with --shards."""

import argparse
from pathlib import Path

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.common.errors import InputError
from pipeline_lib.data.packing import pack_images
from pipeline_lib.study.configuration.flags import add_settings, read_settings
from pipeline_lib.study.configuration.training import TrainingSection

MINIMUMS = {"seed": 0, "shard_size": 1, "processes": 1, "quality": 1}


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--images", type=Path, required=True, help="the manifest")
    parser.add_argument("--root", type=Path, required=True, help="the data set's folder")
    add_settings(parser, TrainingSection, "warp")
    parser.add_argument("--seed", type=int, default=0, help="of the shuffle over the shards")
    parser.add_argument("--shard-size", type=int, default=4096, help="images in a shard")
    parser.add_argument("--processes", type=int, default=1, help="processes that warp and encode")
    parser.add_argument("--quality", type=int, default=95, help="of the JPEG files")
    parser.add_argument("--out", type=Path, required=True, help="folder of the shards, resumable")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Write the missing shards, then the index."""
    for name, minimum in MINIMUMS.items():
        if getattr(arguments, name) < minimum:
            flag = name.replace("_", "-")
            raise InputError(
                f"--{flag} is {getattr(arguments, name)}; at least {minimum} is needed"
            )
    counts = pack_images(
        arguments.images,
        arguments.root,
        arguments.out,
        side=read_settings(arguments, TrainingSection, "warp").warp,
        seed=arguments.seed,
        shard_size=arguments.shard_size,
        quality=arguments.quality,
        processes=arguments.processes,
    )
    log.info("%s: %d images in %d shards, %d of them kept from before", arguments.out, *counts)
