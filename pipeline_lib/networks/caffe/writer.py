"""Writing .caffemodel files, the wire format by hand: independent of how they are read.

A message is a sequence of fields; a field is its number and kind, as a varint, and its content (Protocol
Buffers, "Encoding"). The numbers are those of caffe.proto; ``reader`` lists them.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from torch import nn

from pipeline_lib.common.files import atomic

Layers = Mapping[str, Sequence[np.ndarray]]


def write_caffemodel(path: Path, layers: Layers, form: str = "new") -> None:
    """Write the blobs of each layer, by the layer's name, layer by layer; ``form`` as in ``encoded``."""
    with atomic(path) as temporary, open(temporary, "wb") as file:
        file.writelines(encoded(layers, form))


def encoded(layers: Layers, form: str = "new") -> Iterator[bytes]:
    """Yield the file in pieces, the name and then each layer.

    ``form`` is "new", "old" (V1LayerParameter with 4-D blobs, until 2014) or "double" (float64).
    """
    yield _block(1, b"a network")
    for index, (name, arrays) in enumerate(layers.items()):
        blobs = [_blob(array, form) for array in arrays]
        if form == "old":
            parts = [_block(2, b"data"), _block(4, name.encode()), _number(5, index)]
            yield _block(2, b"".join([*parts, *(_block(6, made) for made in blobs)]))
        else:
            parts = [_block(1, name.encode()), _block(2, b"Convolution"), _number(10, 1)]
            yield _block(100, b"".join([*parts, *(_block(7, made) for made in blobs)]))


def layers_of(classifier: nn.Module) -> dict[str, list[np.ndarray]]:
    """Return the blobs that Caffe would hold: the first convolution's inputs are blue, green, red."""
    layers = {}
    for path, module in classifier.named_modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            weight, bias = module.weight.detach().numpy(), module.bias.detach().numpy()
            if not layers:
                weight = np.stack([weight[:, 2], weight[:, 1], weight[:, 0]], axis=1)
            layers[path.split(".")[-1]] = [weight, bias]
    return layers


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*encoded, number])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _block(field: int, content: bytes) -> bytes:
    return b"".join([_varint(field << 3 | 2), _varint(len(content)), content])


def _blob(array: np.ndarray, form: str) -> bytes:
    if form == "double":
        values = _block(8, array.astype("<f8").tobytes())
    else:
        values = _block(5, array.astype("<f4").tobytes())
    if form == "old":  # num, channels, height, width
        shape = (1,) * (4 - array.ndim) + array.shape
        return b"".join(_number(i, side) for i, side in enumerate(shape, start=1)) + values
    return values + _block(7, _block(1, b"".join(map(_varint, array.shape))))
