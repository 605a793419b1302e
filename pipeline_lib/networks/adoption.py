"""Taking a ready-trained ImageNet classifier from a library, by its name."""

from pathlib import Path

from torch import nn

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.classes import imagenet_labels, read_labels
from pipeline_lib.networks.card import NetworkCard, Preprocessing
from pipeline_lib.networks.pretrained import (
    build_by_name,
    input_of,
    library_of,
    published_classes,
)
from pipeline_lib.networks.weights import find_state, load_state


def adopt(
    network: str, library: str | None, weights_folder: Path | None, classes: Path | None = None
) -> tuple[nn.Module, NetworkCard]:
    """Return the network with its weights, and its card, which says where the weights came from.

    Its classes are those that the file ``classes`` lists, without one ImageNet's. Of a file of weights
    the card has the name without the folder: moved, it is the same network. Raises InputError for an
    unknown name, weights that do not fit, and another number of classes than of scores.
    """
    library = library or library_of(network)
    size, mean, std = input_of(network, library)
    labels = read_labels(classes) if classes else imagenet_labels()
    if classes is None:
        require_imagenet(
            network, library, "name its own in a file (--labels FILE, or networks.NAME.classes)"
        )
    classifier = build_by_name(network, library, len(labels) if classes else None)
    state, origin = find_state(network, library, weights_folder)
    load_state(classifier, state, origin)
    card = NetworkCard(
        name=network,
        source=library,
        architecture=network,
        options={},
        classes=labels,
        preprocessing=Preprocessing(size, mean, std),
        training={"weights": origin.name if isinstance(origin, Path) else origin},
    )
    return classifier, card


def require_imagenet(network: str, library: str, advice: str) -> None:
    """Raise InputError for published weights that do not classify ImageNet's 1,000 classes."""
    count, expected = published_classes(network, library), len(imagenet_labels())
    if count == 0:
        raise InputError(
            f"{network}: its published weights have no classifying head, so that no class can be named; "
            "choose another network"
        )
    if count not in (None, expected):
        raise InputError(
            f"{network}: gives {count:,} scores, ImageNet has {expected:,} classes; {advice}, a label "
            "in each line in the order of the scores"
        )
