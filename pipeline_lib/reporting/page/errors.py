"""The section of the page about a network's errors: how many of which kind, and where."""

from collections.abc import Mapping

from markupsafe import Markup

from pipeline_lib.evaluation.box_errors import GT_KNOWN, TOP_1_LOC
from pipeline_lib.reporting.page.anchors import anchor
from pipeline_lib.reporting.tables.render import TEMPLATES, template

STYLES = tuple(TEMPLATES / name for name in ("browse.css", "errors.css"))
SCRIPTS = (TEMPLATES / "browse.js",)

# The drawing of accuracy by object size, in its own units; on a phone a unit is about a pixel.
_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 360, 210, 34, 12, 44
_APART = 8  # of the two accuracies of a bin, from its middle


def section(data: Mapping) -> Markup:
    """Return the section for the JSON object of ``errors_data``; the page adds ``errors.css``."""
    largest = max(failure["count"] for failure in data["failures"])
    return Markup(
        template("errors.html.j2").render(
            data=data, anchor=anchor, largest=max(largest, 1), chart=_chart(data["sizes"])
        )
    )


def _chart(sizes: list[Mapping]) -> dict:
    """Return where the drawing has its lines, marks and texts."""
    step = (_WIDTH - _LEFT - 6) / len(sizes)
    bins = []
    for index, size in enumerate(sizes):
        middle = _LEFT + (index + 0.5) * step
        marks = [
            {"x": round(middle + shift, 1)}
            | dict(zip(("y", "low", "high"), map(_y, size[name]), strict=True))
            for name, shift in ((GT_KNOWN, -_APART), (TOP_1_LOC, _APART))
            if name in size
        ]
        bins.append({"x": round(middle, 1), "marks": marks, **size})
    lines = [{"y": _y(percent), "text": percent} for percent in range(0, 101, 25)]
    return {"width": _WIDTH, "height": _HEIGHT, "left": _LEFT, "lines": lines, "bins": bins}


def _y(percent: float) -> float:
    return round(_TOP + (100 - percent) / 100 * (_HEIGHT - _TOP - _BOTTOM), 1)
