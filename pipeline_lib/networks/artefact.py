"""A network on disk: ``<name>.safetensors`` with the weights, ``<name>.json`` with its card.

The JSON is written last and holds the hash of the weights, so an incomplete pair is refused.
"""

from dataclasses import asdict, replace
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import nn

from pipeline_lib.common.errors import InputError, reason_of
from pipeline_lib.common.files import atomic, fingerprint, write_json
from pipeline_lib.networks.card import NetworkCard, read_card
from pipeline_lib.networks.pretrained import build_by_name
from pipeline_lib.networks.registry import build
from pipeline_lib.networks.weights import load_state, read_state


def save_network(path: Path, card: NetworkCard, state: dict[str, torch.Tensor]) -> None:
    """Write the weights to ``path`` (.safetensors) and the card beside it (.json)."""
    tensors = {name: tensor.contiguous().cpu() for name, tensor in state.items()}
    with atomic(path) as temporary:
        try:
            save_file(tensors, temporary)
        except SafetensorError as error:  # how safetensors reports a full disk
            reason = reason_of(error)
            raise InputError(f"{path}: could not be written ({reason}); free some space") from None
    card = replace(card, weights=fingerprint(path))
    write_json(path.with_suffix(".json"), asdict(card), checksum=True)


def load_network(path: Path) -> tuple[nn.Module, NetworkCard]:
    """Load what ``save_network`` wrote, on the CPU, in evaluation mode.

    Raises InputError for a missing or invalid card, weights of another card, or weights that do not fit
    the architecture.
    """
    card = read_card(path.with_suffix(".json"))
    if not path.exists() or fingerprint(path) != card.weights:
        raise InputError(f"{path}: not the weights that its .json describes; delete both and rerun")
    if card.source in ("trained", "caffe"):
        classifier = build(card.architecture, len(card.classes), card.options)
    else:
        classifier = build_by_name(card.architecture, card.source, len(card.classes), card.options)
    load_state(classifier, read_state(path), path)
    return classifier.eval(), card
