"""Explain photographs: each with the class activation maps of its five most likely classes."""

import argparse
import sys
from pathlib import Path

import numpy as np

from pipeline_lib.common.command import command, log, parser
from pipeline_lib.common.images import open_rgb
from pipeline_lib.data.classes import class_names
from pipeline_lib.localization.forward import predict
from pipeline_lib.networks.adoption import adopt
from pipeline_lib.networks.artefact import load_network
from pipeline_lib.networks.class_maps import ClassMapNetwork
from pipeline_lib.reporting.figure4 import SheetRow, draw
from pipeline_lib.reporting.pictures import guesses


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    made = parser(__doc__, "explain")
    made.add_argument("photographs", type=Path, nargs="+", metavar="IMAGE")
    made.add_argument(
        "--network",
        default="tf_efficientnet_lite0",
        help="a name in timm or torchvision, or a .safetensors this project made",
    )
    made.add_argument("--weights-folder", type=Path, help="where <network>.safetensors may lie")
    made.add_argument("--classes", type=Path, help="CSV with the classes' names; ImageNet's if not")
    made.add_argument("--out", type=Path, default=Path("explained.png"), help="the .png to write")
    return made


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Predict, print the classes, draw the sheet."""
    pictures = [np.asarray(open_rgb(path)) for path in arguments.photographs]
    if arguments.network.endswith(".safetensors"):
        classifier, card = load_network(Path(arguments.network))
        network = ClassMapNetwork(classifier, card.preprocessing.size, card.name)
    else:
        network, card = adopt(arguments.network, None, arguments.weights_folder)
    unknown = np.full(len(pictures), -1)
    paths = [str(path) for path in arguments.photographs]
    arrays = predict(network, card.preprocessing, Path(), paths, unknown)
    names = class_names(arguments.classes)
    rows = []
    for index, path in enumerate(arguments.photographs):
        labels = [card.classes[c] for c in arrays["classes"][index]]
        found = guesses(labels, arrays["scores"][index], names)
        log.info("%s: %s", path, ", ".join(f"{g['name']} {g['score']:.3f}" for g in found))
        rows.append(
            SheetRow(path.name, card.name, "", pictures[index], arrays["maps"][index], found)
        )
    draw(rows, arguments.out)
    log.info("wrote %s", arguments.out)


if __name__ == "__main__":
    sys.exit(main())
