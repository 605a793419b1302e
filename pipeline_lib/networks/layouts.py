"""Where the places and the channels of a layer's output are: as maps, or as a transformer's tokens."""

from dataclasses import dataclass

import torch

CHANNELS_FIRST, CHANNELS_LAST, TOKENS = "channels first", "channels last", "tokens"
_MAX_PREFIX = 8  # a class token, one of distillation, registers


@dataclass(frozen=True)
class Layout:
    """How an output is read as maps.

    Of TOKENS, (N, prefix + h * w, C), the first ``prefix`` are no places of the image; the others are
    those of a ``grid`` (h, w), row by row.
    """

    kind: str
    prefix: int = 0
    grid: tuple[int, int] = (0, 0)

    def maps(self, output: torch.Tensor) -> torch.Tensor:
        """Return a layer's output as (N, C, h, w) maps."""
        if self.kind == CHANNELS_FIRST:
            return output
        if self.kind == CHANNELS_LAST:
            return output.movedim(3, 1)
        return output[:, self.prefix :].movedim(2, 1).unflatten(2, self.grid)


FIRST, LAST = Layout(CHANNELS_FIRST), Layout(CHANNELS_LAST)


def layouts_of(output: object, size: tuple[int, int], *, any_aspect: bool = False) -> list[Layout]:
    """Return the layouts in which an output may be maps of images of ``size`` (height, width).

    Maps have more than one place and, unless of ``any_aspect``, the images' aspect ratio: the four
    dimensions of attention mostly do not. Tokens have it always; the layout nearest to it comes first.
    """
    if not isinstance(output, torch.Tensor):
        return []
    if output.dim() == 4:
        shapes = ((FIRST, output.shape[2:]), (LAST, output.shape[1:3]))
        return [
            layout
            for layout, (h, w) in shapes
            if (h * w > 1 if any_aspect else _is_grid((h, w), size))
        ]
    if output.dim() != 3:
        return []
    layouts = []
    for prefix in range(min(_MAX_PREFIX, output.shape[1] - 1) + 1):
        grid = _grid(output.shape[1] - prefix, size)
        if grid is not None:
            layouts.append(Layout(TOKENS, prefix, grid))
    return sorted(layouts, key=lambda each: _stretch(each.grid, size))


def _grid(count: int, size: tuple[int, int]) -> tuple[int, int] | None:
    """Return the (h, w) grid of ``count`` places with the aspect of ``size``; None if there is none."""
    height = round((count * size[0] / size[1]) ** 0.5)
    if height < 1 or count % height:
        return None
    grid = (height, count // height)
    return grid if _is_grid(grid, size) else None


def _is_grid(grid: tuple[int, int], size: tuple[int, int]) -> bool:
    return min(grid) > 1 and _stretch(grid, size) <= max(size)


def _stretch(grid: tuple[int, int], size: tuple[int, int]) -> int:
    """Return how far a grid is from the aspect of ``size``, 0 where it has it."""
    (h, w), (height, width) = grid, size
    return abs(h * width - w * height)
