"""The weights that a fine-tuning starts from, as one file of a run.

They are brought in before any training, on a machine that may download them: compute nodes often have
no way out. The file is safetensors whatever they came as, and its hash is part of what a training is.
It holds nothing of where they lay, so that the same weights give the same file.
"""

from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from pipeline_lib.common.errors import InputError, reason_of
from pipeline_lib.common.files import atomic
from pipeline_lib.networks.caffe.released import find_release, read_release
from pipeline_lib.networks.weights import find_state
from pipeline_lib.study.configuration.networks import RELEASED


def bring_start_weights(start: str, folder: Path | None, out: Path) -> object:
    """Write the weights of ``start`` to ``out`` (.safetensors) and return where they came from.

    ``start`` is a torchvision name or "released:NAME" (released.yaml). The file holds the tensors by
    their names in torchvision, or by Caffe's layer and the number of the blob, "conv1:0". Raises
    InputError for weights that are neither in ``folder`` nor to be downloaded.
    """
    if start.startswith(RELEASED):
        layers, origin = read_release(find_release(start.removeprefix(RELEASED)), folder)
        tensors = {
            f"{layer}:{number}": torch.tensor(blob)
            for layer, blobs in layers.items()
            for number, blob in enumerate(blobs)
        }
    else:
        tensors, origin = find_state(start, "torchvision", folder)
        tensors = {name: tensor.contiguous() for name, tensor in tensors.items()}
    with atomic(out) as temporary:
        try:
            save_file(tensors, temporary, {"start": start})
        except SafetensorError as error:  # how safetensors reports a full disk
            reason = reason_of(error)
            raise InputError(f"{out}: could not be written ({reason}); free some space") from None
    return origin


def read_start_weights(start: str, path: Path) -> dict[str, torch.Tensor]:
    """Read the tensors of ``start``. Raises InputError for a file of another start, or none."""
    try:
        with safe_open(path, "pt") as file:
            found = (file.metadata() or {}).get("start")
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118, no dict
    except FileNotFoundError:
        raise InputError(f"{path}: not found; make it with the step start_weights") from None
    except SafetensorError as error:
        raise InputError(f"{path}: not whole ({reason_of(error)}); delete it and rerun") from None
    if found != start:
        raise InputError(f"{path}: has the weights of {found}, not of {start}; make it anew")
    return tensors


def caffe_layers(tensors: dict[str, torch.Tensor]) -> dict[str, list[np.ndarray]]:
    """Return a released network's layers, each with its blobs, as ``read_caffemodel`` does."""
    layers: dict[str, list[tuple[int, np.ndarray]]] = {}
    for name, tensor in tensors.items():
        layer, _, number = name.rpartition(":")
        layers.setdefault(layer, []).append((int(number), tensor.numpy()))
    ordered = {layer: sorted(blobs, key=lambda blob: blob[0]) for layer, blobs in layers.items()}
    return {layer: [blob for _, blob in blobs] for layer, blobs in ordered.items()}
