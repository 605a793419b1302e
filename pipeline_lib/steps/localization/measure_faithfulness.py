"""Measure how faithful maps are to their network: deletion, insertion, drop, increase of the score.

The maps are those of the true classes in a predictions file; the network runs anew on images whose
pixels go and come in the order of the map.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import torch

from pipeline_lib.common.batches import Batches, memory_errors
from pipeline_lib.common.command import command, log, progress, step_parser
from pipeline_lib.common.errors import InputError
from pipeline_lib.common.machine import add_threads_flag, limit_threads, open_device, use_precision
from pipeline_lib.data.loader import WarpedImages, image_batches, normalised
from pipeline_lib.data.manifest import pictures, read_images, write_csv
from pipeline_lib.data.photographs import root_folder
from pipeline_lib.evaluation.drawn_images import draw_images
from pipeline_lib.evaluation.faithfulness import (
    MEASURES,
    faithfulness,
    softmax_score,
    summarise_faithfulness,
)
from pipeline_lib.localization.explainers import network_explainer
from pipeline_lib.localization.heat_maps import TRUE_CLASS, applied_interpolation, heat_map
from pipeline_lib.localization.predictions import Predictions, read_predictions
from pipeline_lib.networks.artefact import load_network
from pipeline_lib.networks.card import NetworkCard, Preprocessing
from pipeline_lib.study.configuration.checks import ChecksSection
from pipeline_lib.study.configuration.flags import add_settings, read_settings
from pipeline_lib.study.configuration.localization import BoxesSection, PredictionSection

_RUNNING = ("batch", "workers", "precision")
_READ = 8  # images that are decoded at a time


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--network", type=Path, required=True, help="its .safetensors")
    parser.add_argument("--predictions", type=Path, required=True, help="the .h5 with its maps")
    parser.add_argument("--images", type=Path, required=True, help="the manifest")
    parser.add_argument("--root", required=True, help="the folder its paths start from")
    parser.add_argument("--layer", help="layer that Grad-CAM has read, if one was named")
    add_settings(parser, ChecksSection, "faithfulness_images", "faithfulness_steps")
    parser.add_argument("--seed", type=int, default=0, help="of the draw of images")
    add_settings(parser, BoxesSection, "interpolation")
    add_settings(parser, PredictionSection, *_RUNNING)
    add_threads_flag(parser)
    parser.add_argument("--out", type=Path, required=True, help="the scores CSV to write")
    parser.add_argument(
        "--outcomes", type=Path, help="the CSV to write with every image's measures"
    )
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Draw the images, measure one after the other, write."""
    limit_threads(arguments.threads)
    checks = read_settings(arguments, ChecksSection)
    running = read_settings(arguments, PredictionSection, *_RUNNING)
    predictions = read_predictions(arguments.predictions, arguments.images)
    classifier, card = load_network(arguments.network)
    _require_maps_of(predictions, classifier, card, arguments)
    chosen = draw_images(predictions.true_class, checks.faithfulness_images, arguments.seed)
    if not len(chosen):
        raise InputError(f"{arguments.images}: no image has a label, so no map has a class")
    device = open_device()
    precision = use_precision(running.precision, device)
    with memory_errors(card.name, device):
        classifier.to(device, memory_format=torch.channels_last)
    images = read_images(arguments.images).iloc[chosen]
    source = WarpedImages(pictures(images, root_folder(arguments.root)), card.preprocessing.size)
    batches = Batches(running.batch, device)
    loaded = _normalised_images(source, card.preprocessing, running.workers, device)
    measured = []
    for index, image in zip(chosen, progress(loaded, "measuring", len(chosen)), strict=True):
        height, width = card.preprocessing.size
        heat = heat_map(predictions, int(index), TRUE_CLASS, width, height, arguments.interpolation)
        score = softmax_score(classifier, int(predictions.true_class[index]))
        heat = torch.from_numpy(heat).to(device)
        steps = checks.faithfulness_steps
        measured.append(faithfulness(score, image, heat, steps=steps, batches=batches))
    table = pd.DataFrame(measured, columns=list(MEASURES))
    scores = summarise_faithfulness(
        table,
        row=predictions.name,
        method=predictions.method,
        crops=predictions.crops,
        interpolation=applied_interpolation(predictions, arguments.interpolation),
        steps=checks.faithfulness_steps,
    )
    table.insert(0, "image_id", images["image_id"].to_numpy())
    write_csv(arguments.out, scores, settings={"seed": arguments.seed, "precision": precision})
    if arguments.outcomes is not None:
        write_csv(arguments.outcomes, table)
    for row in scores.itertuples():
        log.info("%s: %s %.2f %%", row.row, row.metric, row.value)


def _require_maps_of(
    predictions: Predictions,
    classifier: torch.nn.Module,
    card: NetworkCard,
    arguments: argparse.Namespace,
) -> None:
    """Raise InputError unless the maps are of the network itself."""
    layer = None if predictions.method in ("cam", "backprop") else arguments.layer
    explainer = network_explainer(classifier, card, predictions.method, layer)
    if predictions.network != explainer.fingerprint:
        raise InputError(
            f"{arguments.predictions}: has no maps of {card.name}'s own classes; predict it again"
        )


def _normalised_images(
    source: WarpedImages, preprocessing: Preprocessing, workers: int, device: torch.device
) -> Iterator[torch.Tensor]:
    """Yield each image as (3, H, W) float32 on the device."""
    for pixels in image_batches(source, _READ, workers):
        yield from normalised(pixels, preprocessing.mean, preprocessing.std, device)
