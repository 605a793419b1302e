"""A figure laid out from the top down, in inches: every picture and every text has room of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from pipeline_lib.reporting.figures.wrapping import line_height, width_of, wrapped

WIDTH = 12  # inches, of every figure
SIZE = 9  # points, of its letters
COLOURS = "turbo"
MARGIN, GAP, BLOCK_GAP = 0.1, 0.08, 0.22  # inches: around all, between cells, between blocks
_TEXT_GAP = 0.04  # between a text and a picture
# A picture's height: in widths of its cell, and in heights of its row's median; a taller one is shrunk.
_TALLEST, _ABOVE_MEDIAN = 1.3, 1.2
LABELLED = MARGIN + 2 * line_height(SIZE) + 0.04  # the first cell's left edge beside a row's label
_HANDLE = 0.75  # inches around the words of a legend's entry


@dataclass(frozen=True)
class Line:
    """A paragraph over or under a picture: at most ``lines`` lines, the rest is left out."""

    words: str
    bold: bool = False
    colour: str = "black"
    lines: int = 2
    size: float = SIZE


@dataclass(frozen=True)
class Cell:
    """A picture (H, W, 3) uint8, None for none, with paragraphs above and below it."""

    picture: np.ndarray | None
    above: Sequence[Line | str] = ()
    below: Sequence[Line | str] = ()


class Sheet:
    """Lays out a figure; ``top`` is where the next part goes, inches from the figure's upper edge."""

    def __init__(self, width: float = WIDTH) -> None:
        self.figure = Figure()
        self.width, self.top = width, MARGIN
        self._axes: list[tuple[Axes, tuple[float, float, float, float]]] = []
        self._texts: list[tuple[Text, float, float]] = []

    @property
    def room(self) -> float:
        """The inches between the margins."""
        return self.width - 2 * MARGIN

    def cells(self, count: int, group: int = 0, left: float = MARGIN) -> list[tuple[float, float]]:
        """Return the (left edge, width) of ``count`` cells that fill the width from ``left`` on.

        After each ``group`` of them the gap is wider.
        """
        gaps = [BLOCK_GAP if group and k % group == 0 else GAP for k in range(1, count)]
        width = (self.width - MARGIN - left - sum(gaps)) / count
        return [(left + k * width + sum(gaps[:k]), width) for k in range(count)]

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """Add axes; ``top`` is measured from the figure's upper edge."""
        axes = self.figure.add_axes((0, 0, 1, 1), label=str(len(self._axes)))
        self._axes.append((axes, (left, top, width, height)))
        return axes

    def write(
        self, line: Line | str, left: float, top: float, width: float, align: str = "left"
    ) -> float:
        """Write a paragraph below ``top`` into ``width`` inches; return its lower edge."""
        line = line if isinstance(line, Line) else Line(line)
        x = left + {"left": 0, "center": width / 2, "right": width}[align]
        for words in wrapped(line.words, width, line.size, bold=line.bold, lines=line.lines):
            self._text(words, x, top + line_height(line.size) / 2, line, ha=align)
            top += line_height(line.size)
        return top

    def paragraph(
        self, words: str, *, bold: bool = False, size: float = SIZE, lines: int = 3
    ) -> None:
        """Write a paragraph of the figure's whole width at the top, and move on."""
        self.top = self.write(
            Line(words, bold, size=size, lines=lines), MARGIN, self.top, self.room
        )
        self.top += GAP

    def row(
        self, cells: Sequence[Cell], places: Sequence[tuple[float, float]], label: str = ""
    ) -> list[Axes]:
        """Add a row of pictures, each in one of ``places`` (see ``cells``); return their axes.

        ``label`` is written along the row's left side, in the margin before the first place.
        """
        pairs = list(zip(cells, places, strict=False))
        above = max((self._height(cell.above, width) for cell, (_, width) in pairs), default=0)
        heights = [_ratio(cell) * width for cell, (_, width) in pairs if cell.picture is not None]
        tall = min(max(heights), _ABOVE_MEDIAN * median(heights)) if heights else 0.0
        edge = self.top + above + (_TEXT_GAP if above else 0)
        bottom = edge + tall
        added = []
        for cell, (left, width) in pairs:
            top = self.top + above - self._height(cell.above, width)
            for line in cell.above:
                top = self.write(line, left, top, width, "center")
            axes = self.axes(left, edge, width, tall)
            axes.set(xticks=[], yticks=[])  # hidden ticks take time too
            axes.set_axis_off()
            if cell.picture is not None:
                axes.imshow(cell.picture)
                axes.set_anchor("N")
            added.append(axes)
            top = edge + min(tall, _ratio(cell) * width) + _TEXT_GAP
            for line in cell.below:
                top = self.write(line, left, top, width, "center")
            bottom = max(bottom, top - _TEXT_GAP)
        if label:
            self._along(label, edge, tall, places[0][0])
        self.top = bottom + GAP
        return added

    def colour_bar(self, label: str = "fraction of the map's maximum") -> None:
        """Add the scale of the heat maps' colours."""
        left, width, height = (self.width - 3.5) / 2, 3.5, 0.1
        axes = self.axes(left, self.top + GAP, width, height)
        axes.imshow(np.linspace(0, 1, 256)[None], COLOURS, aspect="auto", extent=(0, 1, 0, 1))
        axes.set(yticks=[], xticks=[0, 0.25, 0.5, 0.75, 1])
        axes.tick_params(length=2, pad=2)
        self.top += GAP + height + 1.3 * line_height(SIZE)
        self.caption(label)

    def legend(self, handles: Sequence[Artist]) -> None:
        """Add a legend as wide as the figure, in as few lines as it takes."""
        widths = [width_of(handle.get_label(), SIZE) + _HANDLE for handle in handles]
        rows = 1  # the entries go down one column after the other
        while rows < len(widths) and self.room < sum(
            max(widths[k : k + rows]) for k in range(0, len(widths), rows)
        ):
            rows += 1
        columns = -(-len(handles) // rows)
        height = rows * 1.2 * line_height(SIZE)
        axes = self.axes(MARGIN, self.top + GAP, self.room, height)
        axes.set_axis_off()
        axes.legend(
            handles=handles, loc="center", ncols=columns, frameon=False, borderpad=0,
            borderaxespad=0, handlelength=2.2,
        )  # fmt: skip
        self.top += height + 2 * GAP

    def caption(self, words: str) -> None:
        """Write a paragraph in the middle of the figure's width."""
        self.top = self.write(Line(words, lines=4), MARGIN, self.top, self.room, "center") + GAP

    def finish(self) -> Figure:
        """Give the figure its height, put everything in its place, and return it."""
        height = self.top + MARGIN
        self.figure.set_size_inches(self.width, height)
        for axes, (left, top, wide, high) in self._axes:
            box = (left / self.width, 1 - (top + high) / height, wide / self.width, high / height)
            axes.set_position(box)
        for text, x, y in self._texts:
            text.set_position((x / self.width, 1 - y / height))
        return self.figure

    def _text(self, words: str, x: float, y: float, line: Line, **style: str | float) -> None:
        weight = "bold" if line.bold else "normal"
        style = {"va": "center_baseline", "weight": weight, "color": line.colour} | style
        text = self.figure.text(0, 0, words, size=line.size, **style)
        self._texts.append((text, x, y))

    def _along(self, label: str, top: float, height: float, right: float) -> None:
        """Write a row's label upwards, in as many lines as there is room for before ``right``."""
        room = int((right - MARGIN) / line_height(SIZE))
        lines = wrapped(label, height, SIZE, bold=True, lines=max(room, 1))
        for k, words in enumerate(reversed(lines)):
            x = right - (k + 0.5) * line_height(SIZE) - _TEXT_GAP / 2
            line = Line(words, bold=True)
            self._text(words, x, top + height / 2, line, ha="center", va="center", rotation=90)

    @staticmethod
    def _height(paragraphs: Sequence[Line | str], width: float) -> float:
        height = 0.0
        for line in paragraphs:
            line = line if isinstance(line, Line) else Line(line)
            count = len(wrapped(line.words, width, line.size, bold=line.bold, lines=line.lines))
            height += count * line_height(line.size)
        return height


def _ratio(cell: Cell) -> float:
    if cell.picture is None:
        return 0
    height, width, _ = cell.picture.shape
    return min(height / width, _TALLEST)
