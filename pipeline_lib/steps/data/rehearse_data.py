"""Write what the paper study reads, with few images and random weights, to rehearse it."""

import argparse
import shutil
from pathlib import Path

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.common.errors import InputError
from pipeline_lib.data.rehearsal.sets import FAVOURED, write_data_sets
from pipeline_lib.networks.caffe.released import releases
from pipeline_lib.networks.random_weights import write_released_weights, write_torchvision_weights

TORCHVISION = {"alexnet": ".safetensors", "googlenet": ".pth", "vgg16": ".safetensors"}
RELEASED = ("AlexNetplus-GAP-Places205",)


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument(
        "--released",
        nargs="*",
        choices=tuple(releases()),
        default=RELEASED,
        help="networks of released.yaml to write the .caffemodel of (default: %(default)s)",
    )
    parser.add_argument(
        "--weights",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="write weights/, 0.9 GB",
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True, help="the data_root to make")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Write all of it to a hidden folder, and rename that."""
    out = arguments.out
    if out.exists():
        raise InputError(f"{out}: exists; delete it first, or use it as it is")
    temporary = out.with_name(f".{out.name}.part")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        write_data_sets(temporary, arguments.seed)
        if arguments.weights:
            _write_weights(temporary / "weights", arguments.released, arguments.seed)
        temporary.rename(out)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    log.info("%s: a data_root to rehearse the paper study on", out)


def _write_weights(folder: Path, released: list[str], seed: int) -> None:
    folder.mkdir()
    for name, suffix in TORCHVISION.items():
        path = write_torchvision_weights(folder, name, suffix, FAVOURED, seed)
        log.info("%s: written", path.name)
    for name in released:
        path = write_released_weights(folder, name, FAVOURED, seed)
        log.info("%s: written", path.name)
