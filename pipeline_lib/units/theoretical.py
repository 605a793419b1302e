"""The theoretical receptive field: which pixels of the input a unit of a map can depend on.

Found by what it means, for any network: a pixel that is no number makes every unit that reads it no
number, through convolutions, pooling, rectifiers and normalisation alike. The network runs in double
precision on the CPU, where convolutions are plain products: fast algorithms share tiles between units.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from pipeline_lib.networks.class_maps import ClassMapNetwork


@dataclass(frozen=True)
class Field:
    """The fields of a map's units along one axis, in pixels of the input.

    Unit ``i`` sees the half-open interval ``start + i * stride`` to ``start + i * stride + size``, of
    which the input has what it has. ``clipped``: it is wider than any input the network takes, or all
    of it; the size is then the input's, and the units' places are the map's grid.
    """

    start: float
    size: float
    stride: float
    clipped: bool

    def centre(self, unit: int) -> float:
        """Return the middle of a unit's field, in pixels from the input's left or upper edge."""
        return self.start + unit * self.stride + self.size / 2


def receptive_field(network: ClassMapNetwork, side: int) -> Field:
    """Return the field of the maps' units of a network whose input is ``side`` x ``side`` pixels.

    Measured along the vertical, on a unit in the middle and its neighbour; the networks treat both
    axes alike. Where the input is too small for a whole field, one of twice the side is tried, which
    networks that end in global pooling take.
    """
    double = copy.deepcopy(network).double().cpu().eval()
    units = _rows(double, side, slice(0, 0))
    for scale in (1, 2):
        try:
            found = _measured(double, scale * side)
        except RuntimeError:  # its last layers take no other input
            break
        if found is not None:
            return found
    stride = side / len(units)
    return Field((stride - side) / 2, side, stride, clipped=True)


def _measured(double: nn.Module, side: int) -> Field | None:
    """The field on an input of this side, None where it does not fit in."""
    middle = len(_rows(double, side, slice(0, 0))) // 2
    first, last = _edges(lambda rows: bool(_rows(double, side, rows)[middle]), side)
    if first == 0 or last == side or middle == 0:
        return None
    above, _ = _edges(lambda rows: bool(_rows(double, side, rows)[middle - 1]), side)
    stride = first - above
    return Field(first - middle * stride, last - first, stride, clipped=False)


@torch.inference_mode()
def _rows(double: nn.Module, side: int, rows: slice) -> torch.Tensor:
    """Which rows of the maps read any of these rows of the input: (h,) bool."""
    image = torch.zeros(1, 3, side, side, dtype=torch.float64)
    image[:, :, rows] = torch.nan
    return double(image)[0].isnan().any(dim=(0, 1, 3))


def _edges(reads: Callable[[slice], bool], side: int) -> tuple[int, int]:
    """Return the half-open interval of the rows that a unit reads, by bisection."""
    low, high = 0, side  # the first row read is in [low, high)
    while high - low > 1:
        half = (low + high) // 2
        low, high = (low, half) if reads(slice(0, half)) else (half, high)
    first = low
    low, high = first, side
    while high - low > 1:
        half = (low + high) // 2
        low, high = (half, high) if reads(slice(half, side)) else (low, half)
    return first, low + 1
