"""From the layers of a .caffemodel to the weights of one of our networks."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import nn


def caffe_state(
    classifier: nn.Module, layers: Mapping[str, Sequence[np.ndarray]]
) -> tuple[dict[str, torch.Tensor], list[str]]:
    """Return the state dict made of ``layers``, and the names of the unused layers.

    A module gets the layer of the same name: the first blob is the weight, the second the bias. The
    first convolution's input channels are reversed from Caffe's blue, green, red to red, green, blue.
    ``weights.load_state`` checks that everything is there and fits.
    """
    state: dict[str, torch.Tensor] = {}
    used = set()
    for path, module in classifier.named_modules():
        name = path.rpartition(".")[2]
        if not isinstance(module, (nn.Conv2d, nn.Linear)) or name not in layers:
            continue
        used.add(name)
        for index, blob in enumerate(layers[name]):
            key = ("weight", "bias")[index] if index < 2 else f"blob{index}"
            state[f"{path}.{key}"] = torch.from_numpy(
                _squeezed(blob, 1 if key == "bias" else module.weight.dim())
            )
        if isinstance(module, nn.Conv2d) and module.in_channels == 3:
            state[f"{path}.weight"] = state[f"{path}.weight"].flip(1)
    return state, sorted(set(layers) - used)


def _squeezed(blob: np.ndarray, dimensions: int) -> np.ndarray:
    """Drop leading ones: in old files a blob is (1, 1, outputs, inputs) or (1, 1, 1, outputs)."""
    extra = blob.ndim - dimensions
    if extra > 0 and blob.shape[:extra] == (1,) * extra:
        return blob.reshape(blob.shape[extra:])
    return blob
