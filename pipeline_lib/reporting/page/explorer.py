"""The explorer as a section of the page."""

import json
from collections.abc import Mapping
from pathlib import Path

from markupsafe import Markup

from pipeline_lib.reporting.page.explorer_inputs import EXPLORER
from pipeline_lib.reporting.tables.render import template

_TEMPLATES = Path(__file__).parents[1] / "templates"
SCRIPTS = tuple(  # in this order
    _TEMPLATES / name for name in ("explorer_boxes.js", "explorer_panel.js", "explorer.js")
)
STYLES = (_TEMPLATES / "explorer.css",)


def section(data: Mapping) -> Markup:
    """Return the section for the ``explorer_data`` of a study, which it embeds.

    The page adds ``STYLES``, and ``SCRIPTS`` after the section or in its head.
    """
    return Markup(
        template("explorer.html.j2").render(
            title=EXPLORER.title,
            data=data,
            json=_embedded(data),
            shown=len(data["images"]),
        )
    )


def _embedded(value: object) -> Markup:
    """Return JSON that can stand in a script element: nothing in it ends or opens an element."""
    text = json.dumps(value, separators=(",", ":"))
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return Markup(text)
