"""Run a network over an image set; write its top classes and their maps.

The classes are the network's own, or those of a linear SVM on its features.
"""

import argparse
from pathlib import Path

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import fingerprint
from pipeline_lib.common.machine import add_threads_flag, limit_threads, open_device, use_precision
from pipeline_lib.data.manifest import pictures, read_images
from pipeline_lib.data.photographs import root_folder
from pipeline_lib.localization.explainers import Explainer, linear_explainer, network_explainer
from pipeline_lib.localization.forward import predict, predictions_header
from pipeline_lib.localization.predictions import METHODS, TITLES, write_predictions
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
        choices=METHODS,
        help="kind of maps; class maps by default, Grad-CAM where the network has none",
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
    parser.add_argument("--out", type=Path, required=True, help="the .h5 to write")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Load the network, predict, write."""
    limit_threads(arguments.threads)
    settings = read_settings(arguments, PredictionSection, *_SETTINGS)
    explainer = _load_explainer(arguments)
    if explainer.layer:
        log.info("%s: %s at %s", explainer.name, TITLES[explainer.method], explainer.layer)
    images = read_images(arguments.images)
    root = root_folder(arguments.root)
    device = open_device()
    header = predictions_header(
        explainer,
        images,
        arguments.images,
        root,
        crops=arguments.crops,
        precision=use_precision(settings.precision, device),
    )
    batches = predict(
        explainer,
        pictures(images, root),
        header.true_class,
        crops=arguments.crops,
        guesses=not arguments.true_class_only,
        batch=settings.batch,
        workers=settings.workers,
        device=device,
    )
    shape = write_predictions(arguments.out, header, batches)
    log.info("%s: %s of %d images, %d planes of %dx%d", header.name, explainer.method, *shape)


def _load_explainer(arguments: argparse.Namespace) -> Explainer:
    """Read the network and, if there is one, the SVM that predicts from its features."""
    classifier, card = load_network(arguments.network)
    gradients = read_settings(arguments, MapMethodsSection, "gradients").gradients
    if arguments.classifier is None:
        return network_explainer(classifier, card, arguments.method, arguments.layer, gradients)
    if arguments.method not in (None, "cam") or arguments.layer is not None:
        raise InputError("--classifier: its maps are class maps; leave out --method and --layer")
    if arguments.crops != 1:
        raise InputError("--classifier: it was trained on whole images; leave out --crops")
    svm = load(arguments.classifier)
    if svm.network != card.fingerprint:
        raise InputError(f"{arguments.classifier}: is not of {card.name}'s features; fit it again")
    return linear_explainer(
        classifier,
        card,
        weights=svm.weights,
        bias=svm.bias,
        normalised=svm.normalised,
        class_labels=svm.classes,
        fingerprint=fingerprint(card.fingerprint, arguments.classifier),
    )
