"""Taking a ready-trained ImageNet classifier from a library, by its name."""

from pathlib import Path

from torch import nn

from pipeline_lib.data.classes import imagenet_labels
from pipeline_lib.networks.card import NetworkCard, Preprocessing
from pipeline_lib.networks.pretrained import build_by_name, input_of, library_of
from pipeline_lib.networks.weights import find_state, load_state


def adopt(
    network: str, library: str | None, weights_folder: Path | None
) -> tuple[nn.Module, NetworkCard]:
    """Return the network with its weights, and its card, which says where the weights came from.

    Of a file the card has the name without the folder: moved, it is the same network. Raises
    InputError for an unknown name or weights that do not fit.
    """
    library = library or library_of(network)
    size, mean, std = input_of(network, library)
    classifier = build_by_name(network, library)
    state, origin = find_state(network, library, weights_folder)
    load_state(classifier, state, origin)
    card = NetworkCard(
        name=network,
        source=library,
        architecture=network,
        options={},
        classes=imagenet_labels(),
        preprocessing=Preprocessing(size, mean, std),
        training={"weights": origin.name if isinstance(origin, Path) else origin},
    )
    return classifier, card
