"""Explain photographs: show each with the heat maps of its five most likely classes."""

import argparse
from pathlib import Path

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.common.machine import open_device, use_precision
from pipeline_lib.data.classes import read_class_names
from pipeline_lib.localization.explainers import network_explainer
from pipeline_lib.localization.photographs import explain_photographs
from pipeline_lib.networks.adoption import adopt
from pipeline_lib.networks.artefact import load_network
from pipeline_lib.reporting.figures.figure4 import SheetRow, plot
from pipeline_lib.reporting.figures.pictures import guesses
from pipeline_lib.study.configuration.flags import add_settings, read_settings
from pipeline_lib.study.configuration.localization import BoxesSection, PredictionSection


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("photographs", type=Path, nargs="+", metavar="IMAGE")
    parser.add_argument(
        "--network",
        default="tf_efficientnet_lite0",
        help="a network's name in timm or torchvision, or its .safetensors",
    )
    parser.add_argument("--weights-folder", type=Path, help="where <network>.safetensors may lie")
    parser.add_argument(
        "--classes", type=Path, help="CSV with the classes' names; without it, ImageNet's"
    )
    add_settings(parser, PredictionSection, "batch", "workers", "precision")
    add_settings(parser, BoxesSection, "interpolation")
    parser.add_argument("--out", type=Path, default=Path("explained.png"), help="the .png to write")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Predict, log the classes, plot the sheet."""
    prediction = read_settings(arguments, PredictionSection)
    if arguments.network.endswith(".safetensors"):
        classifier, card = load_network(Path(arguments.network))
    else:
        classifier, card = adopt(arguments.network, None, arguments.weights_folder)
    explainer = network_explainer(classifier, card)
    log.info("%s: maps by %s", card.name, explainer.method)
    use_precision(prediction.precision, open_device())
    explained = explain_photographs(
        explainer,
        arguments.photographs,
        batch=prediction.batch,
        workers=prediction.workers,
        interpolation=read_settings(arguments, BoxesSection).interpolation,
    )
    names = read_class_names([arguments.classes] if arguments.classes else [])
    rows = []
    for path, item in zip(arguments.photographs, explained, strict=True):
        top = guesses(item.labels, item.scores, names)
        log.info("%s: %s", path, ", ".join(f"{g['name']} {g['score']:.3f}" for g in top))
        rows.append(SheetRow(path.name, card.name, "", item.photograph, item.heat_maps, top))
    plot(rows, arguments.out)
    log.info("wrote %s", arguments.out)
