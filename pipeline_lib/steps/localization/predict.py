"""Run a network over an image set and keep its top classes and the maps behind them.

The classes are the network's own, or those of a linear SVM on its features.
"""

import argparse
from pathlib import Path

import numpy as np
from torch import nn

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import fingerprint
from pipeline_lib.common.machine import add_decoding, take_threads
from pipeline_lib.data.manifest import read_images
from pipeline_lib.data.photographs import root_folder
from pipeline_lib.localization.forward import METHODS, explainer, predict
from pipeline_lib.localization.predictions import Header, write_predictions
from pipeline_lib.networks.artefact import load_network
from pipeline_lib.networks.card import NetworkCard
from pipeline_lib.networks.class_maps import ClassMapNetwork
from pipeline_lib.networks.linear_maps import LinearClassMaps
from pipeline_lib.svm.classifier import load


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--network", type=Path, required=True, help="its .safetensors")
    parser.add_argument("--images", type=Path, required=True, help="the manifest")
    parser.add_argument("--root", required=True, help="the folder its paths start from")
    parser.add_argument(
        "--method",
        choices=METHODS,
        help="of the maps; class maps by default, Grad-CAM where the network has none",
    )
    parser.add_argument("--layer", help="grad-cam: the layer, by its name in the network")
    parser.add_argument(
        "--classifier", type=Path, help="an SVM's .npz: its classes and weights for the network's"
    )
    parser.add_argument("--crops", type=int, default=1, help="1: the whole image; or 10")
    add_decoding(parser, "crops")
    parser.add_argument("--out", type=Path, required=True, help="the .h5 to write")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Load, run, write."""
    take_threads(arguments.threads)
    classifier, card = load_network(arguments.network)
    if arguments.classifier is None:
        labels, identity = card.classes, fingerprint(card.fingerprint, arguments.layer)
        looker, method = explainer(
            classifier, card.preprocessing, card.name, arguments.method, arguments.layer
        )
    else:
        looker, labels = _with_classifier(classifier, card, arguments)
        method = "cam"
        identity = fingerprint(card.fingerprint, arguments.classifier)
    if method == "grad-cam":
        log.info("%s: Grad-CAM at %s", card.name, looker.layer)
    images = read_images(arguments.images)
    index_of = {label: index for index, label in enumerate(labels)}
    foreign = sorted(set(images["label"]) - set(index_of) - {""})
    if foreign:
        raise InputError(f"{arguments.images}: class {foreign[0]} is none of the classifier's")
    truth = np.array([index_of.get(label, -1) for label in images["label"]], np.int32)
    header = Header(
        image_id=list(images["image_id"]),
        true_class=truth,
        class_labels=labels,
        name=f"Backprop on {card.name}" if method == "backprop" else card.name,
        method=method,
        crops=arguments.crops,
        size=card.preprocessing.size,
        warped=card.preprocessing.warped,
        network=identity,
        images=fingerprint(arguments.images),
    )
    batches = predict(
        looker,
        method,
        card.preprocessing,
        root_folder(arguments.root),
        list(images["path"]),
        truth,
        crops=arguments.crops,
        batch=arguments.batch,
        workers=arguments.workers,
        softmax=arguments.classifier is None,
    )
    shape = write_predictions(arguments.out, header, batches)
    log.info("%s: %s of %d images, %d planes of %dx%d", card.name, method, *shape)


def _with_classifier(
    classifier: nn.Module, card: NetworkCard, arguments: argparse.Namespace
) -> tuple[LinearClassMaps, list[str]]:
    """The network with the SVM's weights for its last layer, and the SVM's classes."""
    if arguments.method not in (None, "cam") or arguments.layer is not None:
        raise InputError("--classifier: its maps are class maps; leave out --method and --layer")
    if arguments.crops != 1:
        raise InputError("--classifier: it was trained on whole images; leave out --crops")
    svm = load(arguments.classifier)
    if svm.network != card.fingerprint:
        raise InputError(f"{arguments.classifier}: is not of {card.name}'s features; fit it again")
    network = ClassMapNetwork(classifier, card.preprocessing.size, card.name)
    return LinearClassMaps(network, svm.weights, svm.bias, svm.normalised), svm.classes
