"""Draw the mini study's synthetic world and write it in a data set's official layout."""

import argparse
import shutil
import sys
from pathlib import Path

from pipeline_lib.common.command import command, log, parser
from pipeline_lib.synthetic.ilsvrc import write_ilsvrc


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    made = parser(__doc__, "synthesize")
    made.add_argument("--train-images", type=int, required=True)
    made.add_argument("--val-images", type=int, required=True)
    made.add_argument("--test-images", type=int, default=0)
    made.add_argument("--seed", type=int, default=0)
    made.add_argument("--processes", type=int, default=1)
    made.add_argument("--out", type=Path, required=True, help="the folder to make")
    return made


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Write to a temporary folder, then rename: a killed run leaves no half world."""
    out = arguments.out
    temporary = out.with_name(f".{out.name}.part")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        write_ilsvrc(
            temporary,
            train_images=arguments.train_images,
            val_images=arguments.val_images,
            test_images=arguments.test_images,
            seed=arguments.seed,
            processes=arguments.processes,
        )
        shutil.rmtree(out, ignore_errors=True)
        temporary.rename(out)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    log.info("%s: %d train, %d val images", out, arguments.train_images, arguments.val_images)


if __name__ == "__main__":
    sys.exit(main())
