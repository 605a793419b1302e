"""What a figure's texts are, where they are drawn, and what is wrong with that."""

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

# Names as users have them: long, with signs that Matplotlib or HTML could take as their own.
AWKWARD = (
    "a very long name of a class that never seems to come to its end, however far one reads",
    "$x_1$ and _under_ $5",
    "<script>alert(1)</script>",
    "Übergrößenträgerßchränkchenfabrikationsanlagenbetriebsgesellschaft",
    "собака \\frac{a}{b} مرحبا",
    "_hidden",
    "x",
)


def texts(figure):
    """Return the texts that are drawn, by their pixels (Bbox)."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    found = [
        text for text in figure.findobj(Text) if text.get_text().strip() and text.get_visible()
    ]
    boxes = [(text, text.get_window_extent(canvas.get_renderer())) for text in found]
    hidden = {label for axes in figure.axes for label in _hidden_labels(axes)}
    return [(text, box) for text, box in boxes if text not in hidden]


def faults(figure):
    """Return a line for each text outside of the figure, and each pair that overlaps."""
    drawn = texts(figure)
    width, height = figure.bbox.size
    lines = [
        f"outside: {text.get_text()}"
        for text, box in drawn
        if box.x0 < 0 or box.y0 < 0 or box.x1 > width or box.y1 > height
    ]
    boxes = np.array([box.extents for _, box in drawn])
    low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    overlapping = np.triu((high - low > 2).all(axis=2), 1)
    for one, other in np.argwhere(overlapping):
        lines.append(f"overlap: {drawn[one][0].get_text()} / {drawn[other][0].get_text()}")
    return lines


def keep_figures(monkeypatch, module):
    """Return a list that gets each figure that a figure's module writes."""
    figures, save = [], module.save
    monkeypatch.setattr(
        module, "save", lambda figure, *rest: (figures.append(figure), save(figure, *rest))
    )
    return figures


def words(figure):
    """Return all that is written, as one text."""
    return " ".join(text.get_text() for text, _ in texts(figure))


def _hidden_labels(axes):
    """Labels that are not drawn: of axes that are off, and of places outside of the view."""
    for axis in (axes.xaxis, axes.yaxis):
        low, high = sorted(axis.get_view_interval())
        for tick in axis.get_major_ticks():
            if not axes.axison or not low <= tick.get_loc() <= high:
                yield from (tick.label1, tick.label2)
