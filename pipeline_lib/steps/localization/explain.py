"""Explain photographs: each with the maps of its five most likely classes."""

import argparse
from pathlib import Path

import numpy as np

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.common.images import open_rgb
from pipeline_lib.data.classes import names_in
from pipeline_lib.localization.forward import explainer, predict
from pipeline_lib.localization.heat import upsample
from pipeline_lib.networks.adoption import adopt
from pipeline_lib.networks.artefact import load_network
from pipeline_lib.reporting.figures.figure4 import SheetRow, draw
from pipeline_lib.reporting.figures.pictures import guesses


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("photographs", type=Path, nargs="+", metavar="IMAGE")
    parser.add_argument(
        "--network",
        default="tf_efficientnet_lite0",
        help="a name in timm or torchvision, or a .safetensors this project parser",
    )
    parser.add_argument("--weights-folder", type=Path, help="where <network>.safetensors may lie")
    parser.add_argument(
        "--classes", type=Path, help="CSV with the classes' names; ImageNet's if not"
    )
    parser.add_argument("--out", type=Path, default=Path("explained.png"), help="the .png to write")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Predict, print the classes, draw the sheet."""
    pictures = [np.asarray(open_rgb(path)) for path in arguments.photographs]
    if arguments.network.endswith(".safetensors"):
        classifier, card = load_network(Path(arguments.network))
    else:
        classifier, card = adopt(arguments.network, None, arguments.weights_folder)
    looker, method = explainer(classifier, card.preprocessing, card.name)
    log.info("%s: maps by %s", card.name, method)
    unknown = np.full(len(pictures), -1)
    paths = [str(path) for path in arguments.photographs]
    batches = list(predict(looker, method, card.preprocessing, Path(), paths, unknown))
    classes, scores, maps = (
        np.concatenate([batch[key] for batch in batches]) for key in ("classes", "scores", "maps")
    )
    names = names_in([arguments.classes] if arguments.classes else [])
    rows = []
    for path, picture, top, score, planes in zip(
        arguments.photographs, pictures, classes, scores, maps, strict=True
    ):
        height, width, _ = picture.shape
        heat_maps = [upsample(plane, width, height, "bilinear") for plane in planes[:, 0]]
        found = guesses([card.classes[c] for c in top], score, names)
        log.info("%s: %s", path, ", ".join(f"{g['name']} {g['score']:.3f}" for g in found))
        rows.append(SheetRow(path.name, card.name, "", picture, heat_maps, found))
    draw(rows, arguments.out)
    log.info("wrote %s", arguments.out)
