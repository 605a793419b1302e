"""Take a ready-trained ImageNet classifier from a library, or a released network of the paper."""

import argparse
from dataclasses import replace
from pathlib import Path

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.common.errors import InputError
from pipeline_lib.networks.adoption import adopt, adopt_trunk
from pipeline_lib.networks.artefact import save_network
from pipeline_lib.networks.caffe.released import adopt_released
from pipeline_lib.study.configuration.flags import add_settings
from pipeline_lib.study.configuration.networks import NetworkConfig


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--network", help="its name in timm or torchvision")
    source.add_argument("--released", help="a network of the paper, from its .caffemodel")
    parser.add_argument("--name", help="its name in tables; by default the same")
    add_settings(parser, NetworkConfig, "library")
    parser.add_argument(
        "--without-head", action="store_true", help="leave out its head: an SVM takes its place"
    )
    parser.add_argument(
        "--labels",
        type=Path,
        help="file of its classes, if they are not ImageNet's: a label a line",
    )
    parser.add_argument("--weights-folder", type=Path, help="folder that may have its weights")
    parser.add_argument("--out", type=Path, required=True, help="the .safetensors to write")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Find the weights, write the network."""
    if arguments.released:
        classifier, card = adopt_released(arguments.released, arguments.weights_folder)
    elif arguments.without_head:
        if arguments.labels:
            raise InputError("--labels: a network without a head has no classes; leave it out")
        classifier, card = adopt_trunk(
            arguments.network, arguments.library, arguments.weights_folder
        )
    else:
        classifier, card = adopt(
            arguments.network, arguments.library, arguments.weights_folder, arguments.labels
        )
    card = replace(card, name=arguments.name or card.name)
    save_network(arguments.out, card, classifier.state_dict())
    log.info("%s: from %s, weights from %s", card.name, card.source, card.training["weights"])
