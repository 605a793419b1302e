"""The graph of steps as SVG: a box a rule, linked to its row, from left to right."""

from collections.abc import Sequence

from markupsafe import Markup, escape

from pipeline_lib.reporting.page.provenance import Step

_BOX = (128, 24)  # width, height of a box, in pixels
_GAP = (36, 10)


def draw_steps(steps: Sequence[Step]) -> Markup:
    """Return the graph. ``steps`` come after those that they need, and so stand right of them."""
    column: dict[str, int] = {}
    place: dict[str, tuple[int, int]] = {}
    heights: dict[int, int] = {}
    for step in steps:
        known = [column[need] for need in step.needs if need in column]
        column[step.rule] = 1 + max(known) if known else 0
        row = heights.get(column[step.rule], 0)
        heights[column[step.rule]] = row + 1
        place[step.rule] = (
            column[step.rule] * (_BOX[0] + _GAP[0]) + 1,
            row * (_BOX[1] + _GAP[1]) + 1,
        )
    width = (max(column.values(), default=0) + 1) * (_BOX[0] + _GAP[0])
    height = max(heights.values(), default=0) * (_BOX[1] + _GAP[1]) + 2
    lines = [
        _curve(place[need], place[step.rule])
        for step in steps
        for need in sorted(step.needs)
        if need in place
    ]
    boxes = [_box(step, *place[step.rule]) for step in steps]
    return (
        Markup(
            f'<svg class="steps" role="group" aria-label="Graph of the steps" width="{width}" '
            f'height="{height}" viewBox="0 0 {width} {height}">'
        )
        + Markup("").join([*lines, *boxes])
        + Markup("</svg>")
    )


def _box(step: Step, x: int, y: int) -> Markup:
    return Markup(
        f'<a href="#step-{escape(step.rule)}"><rect x="{x}" y="{y}" width="{_BOX[0]}" '
        f'height="{_BOX[1]}" rx="5"/><text x="{x + 7}" y="{y + 16}">{escape(step.rule)}'
        f"<title>{len(step.jobs)} jobs, {step.seconds:.0f} s</title></text></a>"
    )


def _curve(start: tuple[int, int], end: tuple[int, int]) -> Markup:
    x0, y0 = start[0] + _BOX[0], start[1] + _BOX[1] // 2
    x1, y1 = end[0], end[1] + _BOX[1] // 2
    middle = (x0 + x1) // 2
    return Markup(f'<path d="M{x0} {y0} C{middle} {y0} {middle} {y1} {x1} {y1}"/>')
