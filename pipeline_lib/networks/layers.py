"""What the networks on torchvision's base are built from: scaled widths, convolutions with ReLU."""

from torch import nn


def scaled(channels: int, width: float) -> int:
    """Return ``channels`` times ``width``, rounded to a multiple of 8 and at least 8.

    CPUs compute eight channels at a time: others would take as long, or longer.
    """
    return max(8, round(channels * width / 8) * 8)


def activated(
    name: str, channels: int, out: int, kernel: int, *, batch_norm: bool, **geometry: int
) -> dict[str, nn.Module]:
    """A convolution of ``channels`` to ``out`` channels, [batch norm,] and ReLU, by their names.

    The convolution bears ``name``; ``geometry`` is its stride, padding and groups.
    """
    layers: dict[str, nn.Module] = {
        name: nn.Conv2d(channels, out, kernel, bias=not batch_norm, **geometry)
    }
    if batch_norm:
        layers[f"{name}_norm"] = nn.BatchNorm2d(out)
    layers[f"{name}_relu"] = nn.ReLU()
    return layers
