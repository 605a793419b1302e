"""Receptive fields of units: an interval of input pixels along each axis."""

from dataclasses import dataclass
from math import inf


@dataclass(frozen=True)
class Axis:
    """Along one axis, unit i depends on the input's pixels [low + step * i, high + step * i)."""

    low: float
    high: float
    step: float

    @property
    def size(self) -> float:
        """Pixels of the receptive field in an unlimited input; infinite if it is everything."""
        return self.high - self.low

    def window(self, kernel: int, stride: int, padding: int, dilation: int) -> "Axis":
        """Return the axis of a layer that slides a window over these units."""
        if self.size == inf:
            return self
        low = self.low - padding * self.step
        high = self.high + (dilation * (kernel - 1) - padding) * self.step
        return Axis(low, high, self.step * stride)

    def padded(self, before: int) -> "Axis":
        """Return the axis of these units with ``before`` units of padding in front of them."""
        if self.size == inf:
            return self
        return Axis(self.low - before * self.step, self.high - before * self.step, self.step)

    def joined(self, other: "Axis") -> "Axis":
        """Return the axis of units that depend on two units at the same position."""
        step = self.step if self.step == other.step else inf
        return Axis(min(self.low, other.low), max(self.high, other.high), step)


WHOLE_INPUT = Axis(-inf, inf, inf)


@dataclass(frozen=True)
class ReceptiveField:
    """The receptive fields of a layer's units, for an input of ``size`` (height, width) pixels.

    ``cells`` is the layer's (height, width); a position is a unit's (y, x) in it. Centres and boxes are
    in pixels of the input, the first pixel starting at 0; boxes are half-open and may exceed the input.
    """

    y: Axis
    x: Axis
    size: tuple[int, int]
    cells: tuple[int, int]

    def centre(self, position: tuple[int, int]) -> tuple[float, float]:
        """Return the (y, x) of a receptive field's centre; of its cell's if the field is everything."""
        axes = zip((self.y, self.x), position, self.size, self.cells, strict=True)
        return tuple(
            (axis.low + axis.high) / 2 + axis.step * index
            if axis.size < inf
            else (index + 0.5) * pixels / cells
            for axis, index, pixels, cells in axes
        )

    def box(self, position: tuple[int, int]) -> tuple[float, float, float, float]:
        """Return the receptive field of the unit at ``position``, (x0, y0, x1, y1)."""
        low, high = zip(
            *(
                (axis.low + axis.step * index, axis.high + axis.step * index)
                if axis.size < inf
                else (-inf, inf)
                for axis, index in zip((self.y, self.x), position, strict=True)
            ),
            strict=True,
        )
        return (*low[::-1], *high[::-1])
