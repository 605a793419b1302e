"""The section of the page about concepts mined from captions."""

from collections.abc import Mapping

from markupsafe import Markup

from pipeline_lib.reporting.page.anchors import anchor
from pipeline_lib.reporting.tables.render import TEMPLATES, template

STYLES = tuple(TEMPLATES / name for name in ("browse.css",))
SCRIPTS = (TEMPLATES / "browse.js",)


def section(data: Mapping) -> Markup:
    """Return the section for the JSON object of ``concepts_data``; the page adds ``browse.css``."""
    shown = [concept for concept in data["concepts"] if concept["pictures"]]
    return Markup(template("concepts.html.j2").render(data=data, anchor=anchor, shown=shown))
