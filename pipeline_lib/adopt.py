"""Take over a ready-trained ImageNet classifier from timm or torchvision, by its name."""

import argparse
import sys
from pathlib import Path

from timm.data import ImageNetInfo

from pipeline_lib.common.command import command, log, parser
from pipeline_lib.networks.artefact import NetworkCard, Preprocessing, save_network
from pipeline_lib.networks.class_maps import ClassMapNetwork
from pipeline_lib.networks.pretrained import LIBRARIES, build_by_name, input_of, library_of
from pipeline_lib.networks.weights import find_state, load_state


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    made = parser(__doc__, "adopt")
    made.add_argument("--network", required=True, help="its name in timm or torchvision")
    made.add_argument("--name", help="what the tables call it; the same by default")
    made.add_argument("--library", choices=LIBRARIES, help="the first that has it by default")
    made.add_argument("--weights-folder", type=Path, help="where <network>.safetensors may lie")
    made.add_argument("--out", type=Path, required=True, help="the .safetensors to write")
    return made


def adopt(
    network: str, library: str | None, weights_folder: Path | None
) -> tuple[ClassMapNetwork, NetworkCard, str]:
    """Return the network with its weights, its card, and where the weights came from.

    Raises InputError for an unknown name, weights that do not fit, or a network without class maps.
    """
    library = library or library_of(network)
    size, mean, std = input_of(network, library)
    classifier = build_by_name(network, library)
    found = ClassMapNetwork(classifier, size, network)  # refuse before any download
    state, origin = find_state(network, library, weights_folder)
    load_state(classifier, state, origin)
    card = NetworkCard(
        name=network,
        source=library,
        architecture=network,
        options={},
        classes=ImageNetInfo().label_names(),
        preprocessing=Preprocessing(size, mean, std),
        training={"weights": origin},
    )
    return found, card, origin


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Check that it has class maps, find its weights, write the network."""
    network, card, origin = adopt(arguments.network, arguments.library, arguments.weights_folder)
    card = NetworkCard(**{**vars(card), "name": arguments.name or arguments.network})
    save_network(arguments.out, card, network.classifier.state_dict())
    log.info("%s from %s: weights from %s, %s", card.name, card.source, origin, network.found)


if __name__ == "__main__":
    sys.exit(main())
