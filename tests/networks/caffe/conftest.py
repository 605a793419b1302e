"""A writer of .caffemodel files, wire format by hand: independent of how they are read."""

import numpy as np
import pytest
from torch import nn


def varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*encoded, number])


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def block(field: int, content: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(content)) + content


def blob(array: np.ndarray, form: str) -> bytes:
    if form == "double":
        values = block(8, array.astype("<f8").tobytes())
    else:
        values = block(5, array.astype("<f4").tobytes())
    if form == "old":  # num, channels, height, width
        shape = (1,) * (4 - array.ndim) + array.shape
        return b"".join(number(i, side) for i, side in enumerate(shape, start=1)) + values
    return values + block(7, block(1, b"".join(map(varint, array.shape))))


def caffemodel(layers: dict[str, list[np.ndarray]], form: str = "new") -> bytes:
    """The file: ``form`` "old" is V1LayerParameter with 4-D blobs, "double" has float64 weights."""
    content = block(1, b"a network")
    for index, (name, arrays) in enumerate(layers.items()):
        blobs = [blob(array, form) for array in arrays]
        if form == "old":
            parts = block(2, b"data") + block(4, name.encode()) + number(5, index)
            content += block(2, parts + b"".join(block(6, made) for made in blobs))
        else:
            parts = block(1, name.encode()) + block(2, b"Convolution") + number(10, 1)
            content += block(100, parts + b"".join(block(7, made) for made in blobs))
    return content


def layers_of(classifier: nn.Module) -> dict[str, list[np.ndarray]]:
    """The blobs that Caffe would hold: first convolution in blue, green, red."""
    layers = {}
    for path, module in classifier.named_modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            weight, bias = module.weight.detach().numpy(), module.bias.detach().numpy()
            if not layers:
                weight = np.stack([weight[:, 2], weight[:, 1], weight[:, 0]], axis=1)
            layers[path.split(".")[-1]] = [weight, bias]
    return layers


@pytest.fixture(scope="session", name="caffemodel")
def caffemodel_fixture():
    """The bytes of a .caffemodel from a dict of layers."""
    return caffemodel


@pytest.fixture(scope="session", name="layers_of")
def layers_of_fixture():
    """The layers of one of our networks as Caffe has them."""
    return layers_of
