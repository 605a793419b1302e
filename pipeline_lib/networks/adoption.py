"""Taking a ready-trained ImageNet classifier from a library, by its name."""

from pathlib import Path

from torch import nn

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.classes import imagenet_labels, read_labels
from pipeline_lib.networks.card import NetworkCard, Preprocessing
from pipeline_lib.networks.class_maps import ClassMapNetwork
from pipeline_lib.networks.pretrained import (
    build_by_name,
    input_of,
    library_of,
    published_classes,
    trunk_options,
)
from pipeline_lib.networks.weights import find_state, load_state

_HEADS = ("head.", "fc.", "classifier.")  # what timm calls the last layer


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


def adopt_trunk(
    network: str, library: str | None, weights_folder: Path | None
) -> tuple[nn.Module, NetworkCard]:
    """Return a network of timm without its head, with its weights, and its card without classes.

    Its outputs are its globally averaged maps or tokens: the features that a linear SVM reads in place
    of the head (paper, section 4). Raises InputError like ``adopt``, and for a network whose outputs
    are no such average.
    """
    library = library or library_of(network)
    if library != "timm":
        raise InputError(f"{network}: only a network of timm can be taken without its head")
    size, mean, std = input_of(network, library)
    options = trunk_options(network)
    trunk = build_by_name(network, library, 0, options)
    state, origin = find_state(network, library, weights_folder)
    head = [name for name in state if name.startswith(_HEADS) and name not in trunk.state_dict()]
    load_state(trunk, {name: state[name] for name in state if name not in head}, origin)
    ClassMapNetwork(trunk, size, network)  # refuses a network whose maps are not what it outputs
    card = NetworkCard(
        name=network,
        source=library,
        architecture=network,
        options=options,
        classes=[],
        preprocessing=Preprocessing(size, mean, std),
        training={"weights": origin.name if isinstance(origin, Path) else origin},
    )
    return trunk, card


def require_imagenet(network: str, library: str, advice: str) -> None:
    """Raise InputError for published weights that do not classify ImageNet's 1,000 classes."""
    count, expected = published_classes(network, library), len(imagenet_labels())
    if count == 0:
        raise InputError(
            f"{network}: its published weights have no classifying head, so that no class can be named; "
            "set networks.NAME.head to svm, or choose another network"
        )
    if count not in (None, expected):
        raise InputError(
            f"{network}: gives {count:,} scores, ImageNet has {expected:,} classes; {advice}, a label "
            "in each line in the order of the scores"
        )
