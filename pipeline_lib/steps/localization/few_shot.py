"""Fit the few-shot baseline to held-out boxes, and write its maps: object or not, for any class."""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import fingerprint
from pipeline_lib.common.machine import add_threads_flag, limit_threads, open_device, use_precision
from pipeline_lib.data.manifest import BOX_COLUMNS, pictures, read_csv, read_images
from pipeline_lib.data.photographs import root_folder
from pipeline_lib.evaluation.ground_truth import localizable
from pipeline_lib.evaluation.sweep import HELD_OUT, split
from pipeline_lib.localization.explainers import Explainer
from pipeline_lib.localization.few_shot import fit_places, sampled_places
from pipeline_lib.localization.forward import predict, predictions_header
from pipeline_lib.localization.predictions import write_predictions
from pipeline_lib.networks.artefact import load_network
from pipeline_lib.networks.last_maps import last_maps
from pipeline_lib.networks.linear_maps import LinearClassMaps
from pipeline_lib.study.configuration.flags import add_settings, read_settings
from pipeline_lib.study.configuration.localization import (
    FEW_SHOT,
    BoxesSection,
    PredictionSection,
)

_SETTINGS, _OBJECT = ("batch", "workers", "precision"), "object"


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--network", type=Path, required=True, help="its .safetensors")
    parser.add_argument("--images", type=Path, required=True, help="the manifest")
    parser.add_argument("--true-boxes", type=Path, required=True, help="the manifest's boxes")
    parser.add_argument("--root", required=True, help="the folder its paths start from")
    parser.add_argument(
        "--held-out",
        nargs=3,
        metavar=("IMAGES", "BOXES", "ROOT"),
        help="images to fit to, instead of a part of those to score, which then have no true map",
    )
    add_settings(parser, BoxesSection, "held_out_fraction")
    parser.add_argument("--seed", type=int, default=0, help="of the split and of the places")
    add_settings(parser, PredictionSection, *_SETTINGS)
    add_threads_flag(parser)
    parser.add_argument("--out", type=Path, required=True, help="the .h5 to write")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Fit, predict, write."""
    limit_threads(arguments.threads)
    settings = read_settings(arguments, PredictionSection, *_SETTINGS)
    classifier, card = load_network(arguments.network)
    network = last_maps(classifier, card.preprocessing.size, card.name)
    images, root = read_images(arguments.images), root_folder(arguments.root)
    shots, shots_root, keep, boxes_of = _images_to_fit(arguments, images, root)
    device = open_device()
    precision = use_precision(settings.precision, device)
    running = {"batch": settings.batch, "workers": settings.workers, "device": device}
    chosen = shots[keep]
    sampled = sampled_places(
        network, card.preprocessing, pictures(chosen, shots_root), boxes_of,
        chosen[["width", "height"]].to_numpy(int), seed=arguments.seed, **running,
    )  # fmt: skip
    places, is_inside = map(np.concatenate, zip(*sampled, strict=True))
    if is_inside.all() or not is_inside.any():
        raise InputError(f"{card.name}: no place of a map is inside a box, or none outside")
    weights, bias = fit_places(places, is_inside)
    log.info("%s: fitted to %d places of %d images", card.name, len(places), len(chosen))
    explainer = Explainer(
        network=LinearClassMaps(network, weights, bias, normalised=False),
        method=FEW_SHOT,
        name=card.name,
        class_labels=[_OBJECT],
        preprocessing=card.preprocessing,
        fingerprint=fingerprint(card.fingerprint, weights.tolist(), bias.tolist()),
        softmax=False,
    )
    labelled = (images["label"] != "").to_numpy()
    if arguments.held_out is None:
        labelled = labelled & ~keep
    scored = images.assign(label=np.where(labelled, _OBJECT, ""))
    header = predictions_header(
        explainer, scored, arguments.images, root, crops=1, precision=precision
    )
    batches = predict(
        explainer, pictures(images, root), header.true_class, crops=1, guesses=False, **running
    )
    # It knows objects, but no class: a guess of -1 is none.
    nameless = (batch | {"classes": np.full_like(batch["classes"], -1)} for batch in batches)
    write_predictions(arguments.out, header, nameless)


def _images_to_fit(
    arguments: argparse.Namespace, images: pd.DataFrame, root: Path
) -> tuple[pd.DataFrame, Path, np.ndarray, list[np.ndarray]]:
    """Return a manifest and its folder, which of its images to fit to, (n,) bool, and their boxes."""
    boxes = arguments.true_boxes
    if arguments.held_out:
        manifest, boxes, folder = arguments.held_out
        images, root = read_images(manifest), root_folder(folder)
    labelled = (images["label"] != "").to_numpy()
    keep, boxes_of = localizable(images, read_csv(boxes, BOX_COLUMNS), labelled)
    if keep.sum() < 2:
        raise InputError(f"{boxes}: fewer than two images have a box; there is nothing to fit to")
    if not arguments.held_out:
        fraction = read_settings(arguments, BoxesSection, "held_out_fraction").held_out_fraction
        part = np.sort(split(int(keep.sum()), fraction, arguments.seed)[HELD_OUT])
        boxes_of = [boxes_of[place] for place in part]
        places = np.flatnonzero(keep)[part]
        keep = np.isin(np.arange(len(images)), places)
    return images, root, keep, boxes_of
