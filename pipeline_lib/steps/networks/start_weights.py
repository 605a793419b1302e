"""Bring in the weights that fine-tuning starts from: a file of weights/, or the library's download.

Training then needs no network: jobs on a cluster often have none.
"""

import argparse
from pathlib import Path

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.networks.start_weights import bring_start_weights


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument(
        "--start", required=True, help="a torchvision network, or released:NAME, a Caffe file"
    )
    parser.add_argument("--weights-folder", type=Path, help="folder that may have the weights")
    parser.add_argument("--out", type=Path, required=True, help="the .safetensors to write")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Find the weights, write them."""
    origin = bring_start_weights(arguments.start, arguments.weights_folder, arguments.out)
    log.info("%s: from %s", arguments.start, origin)
