"""From the layers of a .caffemodel to the weights of one of our networks."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import nn


def caffe_state(
    classifier: nn.Module, layers: Mapping[str, Sequence[np.ndarray]]
) -> tuple[dict[str, torch.Tensor], list[str]]:
    """Return the state dict that ``layers`` give, and the names of the layers it has no use for.

    The module of a name gets the layer of that name: its first blob is the weight, its second the
    bias. The first convolution's input channels are turned from Caffe's blue, green, red to red,
    green, blue. Whether everything is there and fits is for ``weights.load_state`` to say.
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
    """Old files give every blob four dimensions: (1, 1, outputs, inputs), (1, 1, 1, outputs)."""
    extra = blob.ndim - dimensions
    if extra > 0 and blob.shape[:extra] == (1,) * extra:
        return blob.reshape(blob.shape[extra:])
    return blob
