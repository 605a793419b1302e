"""Test whether maps depend on what was learned: randomize the network's layers, compare its maps.

The layers are randomized cumulatively, from the scores down (Adebayo et al. 2018). After each stage the
maps of the true classes, by every method, are compared with those of the trained network.
"""

import argparse
from pathlib import Path

from torch import nn

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.common.errors import InputError
from pipeline_lib.common.machine import add_threads_flag, limit_threads, open_device, use_precision
from pipeline_lib.data.loader import WarpedImages
from pipeline_lib.data.manifest import pictures, read_images, write_csv
from pipeline_lib.data.photographs import root_folder
from pipeline_lib.evaluation.drawn_images import draw_images
from pipeline_lib.evaluation.randomized_maps import agreement_by_stage
from pipeline_lib.evaluation.randomized_table import summarise_agreement
from pipeline_lib.localization.explainers import Explainer, network_explainer
from pipeline_lib.localization.predictions import read_predictions
from pipeline_lib.networks.artefact import load_network
from pipeline_lib.networks.card import NetworkCard
from pipeline_lib.networks.randomization import randomization_stages
from pipeline_lib.study.configuration.checks import ChecksSection
from pipeline_lib.study.configuration.flags import add_settings, read_settings
from pipeline_lib.study.configuration.localization import PredictionSection

TESTED = ("cam", "grad-cam", "backprop")
_RUNNING = ("batch", "workers", "precision")


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--network", type=Path, required=True, help="its .safetensors")
    parser.add_argument(
        "--predictions", type=Path, required=True, help="its .h5, for which images it gets right"
    )
    parser.add_argument("--images", type=Path, required=True, help="the manifest")
    parser.add_argument("--root", required=True, help="the folder its paths start from")
    parser.add_argument("--methods", nargs="+", choices=TESTED, default=TESTED, help="maps to test")
    parser.add_argument("--layer", help="layer that Grad-CAM reads, by its name in the network")
    add_settings(parser, ChecksSection, "randomized_images", "randomized_stages")
    parser.add_argument("--seed", type=int, default=0, help="of the images and the random weights")
    add_settings(parser, PredictionSection, *_RUNNING)
    add_threads_flag(parser)
    parser.add_argument("--out", type=Path, required=True, help="the CSV to write")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Choose the images, randomize stage by stage, compare, write."""
    limit_threads(arguments.threads)
    checks = read_settings(arguments, ChecksSection)
    running = read_settings(arguments, PredictionSection, *_RUNNING)
    predictions = read_predictions(arguments.predictions, arguments.images)
    classifier, card = load_network(arguments.network)
    explainers, left_out = _explainers(classifier, card, arguments)
    if predictions.network not in {each.fingerprint for each in explainers.values()}:
        raise InputError(f"{arguments.predictions}: is not of {card.name}; predict it again")
    is_right = predictions.classes[:, 0] == predictions.true_class
    chosen = draw_images(predictions.true_class, checks.randomized_images, arguments.seed, is_right)
    if not len(chosen):
        raise InputError(f"{arguments.images}: no image has a label, so there is nothing to map")
    device = open_device()
    precision = use_precision(running.precision, device)
    size = card.preprocessing.size
    stages = randomization_stages(classifier, size, checks.randomized_stages)
    images = read_images(arguments.images).iloc[chosen]
    values = agreement_by_stage(
        classifier,
        explainers,
        WarpedImages(pictures(images, root_folder(arguments.root)), size),
        predictions.true_class[chosen],
        stages,
        seed=arguments.seed,
        batch=running.batch,
        workers=running.workers,
        device=device,
    )
    table = summarise_agreement(card.name, values, [each.layer for each in stages], left_out)
    settings = {
        "images": list(images["image_id"]),
        "right": int(is_right[chosen].sum()),
        "seed": arguments.seed,
        "precision": precision,
    }
    write_csv(arguments.out, table, settings=settings)
    for row in table[table["stage"] == len(stages)].itertuples():
        log.info("%s: %s, all layers random: %.2f", row.method, row.measure, row.mean)


def _explainers(
    classifier: nn.Module, card: NetworkCard, arguments: argparse.Namespace
) -> tuple[dict[str, Explainer], dict[str, str]]:
    """Return the explainer of each method, and the reason of each that the network cannot do."""
    found, reasons = {}, {}
    for method in dict.fromkeys(arguments.methods):
        layer = arguments.layer if method == "grad-cam" else None
        try:
            found[method] = network_explainer(classifier, card, method, layer)
        except InputError as error:
            reasons[method] = str(error)
            log.info("%s is left out: %s", method, error)
    if not found:
        raise InputError("; ".join(reasons.values()))
    return found, reasons
