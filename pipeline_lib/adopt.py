"""Take over a ready-trained ImageNet classifier from timm or torchvision, by its name."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from pipeline_lib.common.command import command, log, parser
from pipeline_lib.networks.adoption import adopt
from pipeline_lib.networks.artefact import save_network
from pipeline_lib.networks.pretrained import LIBRARIES


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    made = parser(__doc__, "adopt")
    made.add_argument("--network", required=True, help="its name in timm or torchvision")
    made.add_argument("--name", help="what the tables call it; the same by default")
    made.add_argument("--library", choices=LIBRARIES, help="the first that has it by default")
    made.add_argument("--weights-folder", type=Path, help="where <network>.safetensors may lie")
    made.add_argument("--out", type=Path, required=True, help="the .safetensors to write")
    return made


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Check that it has class maps, find its weights, write the network."""
    network, card = adopt(arguments.network, arguments.library, arguments.weights_folder)
    card = replace(card, name=arguments.name or card.name)
    save_network(arguments.out, card, network.classifier.state_dict())
    log.info("%s: %s's, weights from %s", card.name, card.source, card.training["weights"])


if __name__ == "__main__":
    sys.exit(main())
