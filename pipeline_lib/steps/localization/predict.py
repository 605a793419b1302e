"""Run a network over an image set; write its top classes and their maps.

The classes are the network's own, or those of a linear SVM on its features.
"""

import argparse
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import fingerprint
from pipeline_lib.common.machine import add_threads_flag, limit_threads, open_device, use_precision
from pipeline_lib.data.manifest import pictures, read_images
from pipeline_lib.data.photographs import root_folder
from pipeline_lib.localization.explainers import (
    Explainer,
    activation_explainers,
    linear_explainer,
    network_explainer,
)
from pipeline_lib.localization.forward import predict, predictions_header
from pipeline_lib.localization.predictions import METHODS, TITLES, predictions_writer
from pipeline_lib.networks.artefact import load_network
from pipeline_lib.study.configuration.flags import add_settings, read_settings
from pipeline_lib.study.configuration.localization import MapMethodsSection, PredictionSection
from pipeline_lib.svm.classifier import load

_SETTINGS = ("batch", "workers", "precision")


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--network", type=Path, required=True, help="its .safetensors")
    parser.add_argument("--images", type=Path, required=True, help="the manifest")
    parser.add_argument("--root", required=True, help="the folder its paths start from")
    parser.add_argument(
        "--method",
        nargs="+",
        choices=METHODS,
        metavar="METHOD",
        help=f"kind of maps, of {', '.join(METHODS)}; class maps by default, Grad-CAM where the network "
        "has none; those from a layer's activations can be several, from one pass",
    )
    parser.add_argument(
        "--layer", help="layer that Grad-CAM and its successors read, by its name in the network"
    )
    parser.add_argument(
        "--classifier", type=Path, help="an SVM's .npz: predict its classes, not the network's"
    )
    add_settings(parser, MapMethodsSection, "gradients")
    parser.add_argument(
        "--true-class-only", action="store_true", help="make no maps of the guesses"
    )
    parser.add_argument("--crops", type=int, default=1, help="1: the whole image; or 10")
    add_settings(parser, PredictionSection, *_SETTINGS)
    add_threads_flag(parser)
    parser.add_argument(
        "--out", type=Path, nargs="+", required=True, help="the .h5 to write, one for each method"
    )
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Load the network, predict, write."""
    limit_threads(arguments.threads)
    settings = read_settings(arguments, PredictionSection, *_SETTINGS)
    if len(arguments.out) != len(arguments.method or [None]):
        raise InputError("--out: name a file for each --method")
    explainers = _load_explainers(arguments)
    explainer = explainers[0]
    for each in explainers:
        if each.layer:
            log.info("%s: %s at %s", each.name, TITLES[each.method], each.layer)
    images = read_images(arguments.images)
    root = root_folder(arguments.root)
    device = open_device()
    precision = use_precision(settings.precision, device)
    headers = [
        predictions_header(
            each, images, arguments.images, root, crops=arguments.crops, precision=precision
        )
        for each in explainers
    ]
    batches = predict(
        explainer,
        pictures(images, root),
        headers[0].true_class,
        crops=arguments.crops,
        guesses=not arguments.true_class_only,
        batch=settings.batch,
        workers=settings.workers,
        device=device,
    )
    with ExitStack() as files:
        appends = [
            files.enter_context(predictions_writer(path, header))
            for path, header in zip(arguments.out, headers, strict=True)
        ]
        shapes = []
        for batch in batches:
            parts = [batch] if len(appends) == 1 else _by_method(batch, len(appends))
            shapes = [append(part) for append, part in zip(appends, parts, strict=True)]
    for header, shape in zip(headers, shapes, strict=True):
        log.info("%s: %s of %d images, %d planes of %dx%d", header.name, header.method, *shape)


def _by_method(batch: dict[str, np.ndarray], methods: int) -> list[dict[str, np.ndarray]]:
    """Return a batch for each method; maps have a plane for each."""
    planes = [slice(n, n + 1) for n in range(methods)]
    return [
        batch | {"maps": batch["maps"][:, :, plane], "true_map": batch["true_map"][:, plane]}
        for plane in planes
    ]


def _load_explainers(arguments: argparse.Namespace) -> list[Explainer]:
    """Read the network and, if there is one, the SVM that predicts from its features."""
    classifier, card = load_network(arguments.network)
    gradients = read_settings(arguments, MapMethodsSection, "gradients").gradients
    methods = arguments.method or [None]
    if len(methods) > 1:
        if arguments.crops != 1 or arguments.classifier:
            raise InputError("--method: several take one crop, and no --classifier")
        return activation_explainers(classifier, card, methods, arguments.layer)
    if arguments.classifier is None:
        return [network_explainer(classifier, card, methods[0], arguments.layer, gradients)]
    if methods[0] not in (None, "cam") or arguments.layer is not None:
        raise InputError("--classifier: its maps are class maps; leave out --method and --layer")
    if arguments.crops != 1:
        raise InputError("--classifier: it was trained on whole images; leave out --crops")
    svm = load(arguments.classifier)
    if svm.network != card.fingerprint:
        raise InputError(f"{arguments.classifier}: is not of {card.name}'s features; fit it again")
    explainer = linear_explainer(
        classifier,
        card,
        weights=svm.weights,
        bias=svm.bias,
        normalised=svm.normalised,
        class_labels=svm.classes,
        fingerprint=fingerprint(card.fingerprint, arguments.classifier),
    )
    return [explainer]
