"""What a unit sees of the input: an interval of pixels along each axis."""

from dataclasses import dataclass
from math import inf


@dataclass(frozen=True)
class Axis:
    """Along one axis unit i sees the input's pixels [low + step * i, high + step * i)."""

    low: float
    high: float
    step: float

    @property
    def size(self) -> float:
        """Pixels that a unit sees, were the input large enough; infinite where it sees all."""
        return self.high - self.low

    def window(self, kernel: int, stride: int, padding: int, dilation: int) -> "Axis":
        """Return the axis of a layer that slides a window over this one's units."""
        if self.size == inf:
            return self
        low = self.low - padding * self.step
        high = self.high + (dilation * (kernel - 1) - padding) * self.step
        return Axis(low, high, self.step * stride)

    def padded(self, before: int) -> "Axis":
        """Return the axis of this one's units with ``before`` more set in front of them."""
        if self.size == inf:
            return self
        return Axis(self.low - before * self.step, self.high - before * self.step, self.step)

    def joined(self, other: "Axis") -> "Axis":
        """Return the axis of units that see what either of two units at the same place sees."""
        step = self.step if self.step == other.step else inf
        return Axis(min(self.low, other.low), max(self.high, other.high), step)


ALL = Axis(-inf, inf, inf)


@dataclass(frozen=True)
class ReceptiveField:
    """What the units of a layer see of an input of ``size`` (height, width) pixels.

    ``cells`` is the layer's (height, width). Places are (y, x) of a unit, centres and boxes in pixels
    of the input with the edge of the first pixel at 0; a box is half-open and may go beyond the input.
    """

    y: Axis
    x: Axis
    size: tuple[int, int]
    cells: tuple[int, int]

    def centre(self, place: tuple[int, int]) -> tuple[float, float]:
        """Return the (y, x) of a unit's middle; where it sees everything, of its cell's middle."""
        axes = zip((self.y, self.x), place, self.size, self.cells, strict=True)
        return tuple(
            (axis.low + axis.high) / 2 + axis.step * at
            if axis.size < inf
            else (at + 0.5) * pixels / cells
            for axis, at, pixels, cells in axes
        )

    def box(self, place: tuple[int, int]) -> tuple[float, float, float, float]:
        """Return what the unit at ``place`` sees, (x0, y0, x1, y1)."""
        low, high = zip(
            *(
                (axis.low + axis.step * at, axis.high + axis.step * at)
                if axis.size < inf
                else (-inf, inf)
                for axis, at in zip((self.y, self.x), place, strict=True)
            ),
            strict=True,
        )
        return (*low[::-1], *high[::-1])
