"""Building blocks of the networks: scaled widths, convolutions with ReLU."""

from torch import nn


def scaled(channels: int, width: float) -> int:
    """Return ``channels`` times ``width``, rounded to a multiple of 8 and at least 8.

    CPUs compute eight channels at a time, so fewer would not be faster.
    """
    return max(8, round(channels * width / 8) * 8)


def conv_relu(
    name: str, channels: int, out: int, kernel: int, *, batch_norm: bool, **geometry: int
) -> dict[str, nn.Module]:
    """Return a convolution, batch norm if asked for, and ReLU, by name.

    The convolution, from ``channels`` to ``out`` channels, is called ``name``; ``geometry`` is its
    stride, padding and groups.
    """
    layers: dict[str, nn.Module] = {
        name: nn.Conv2d(channels, out, kernel, bias=not batch_norm, **geometry)
    }
    if batch_norm:
        layers[f"{name}_norm"] = nn.BatchNorm2d(out)
    layers[f"{name}_relu"] = nn.ReLU()
    return layers
