"""The explorer as a section of the page."""

from collections.abc import Mapping

from markupsafe import Markup

from pipeline_lib.reporting.page.embedding import as_json
from pipeline_lib.reporting.page.explorer_inputs import EXPLORER
from pipeline_lib.reporting.tables.render import TEMPLATES, template

SCRIPTS = tuple(  # in this order
    TEMPLATES / name for name in ("explorer_boxes.js", "explorer_panel.js", "explorer.js")
)
STYLES = (TEMPLATES / "explorer.css",)


def section(data: Mapping) -> Markup:
    """Return the section for the ``explorer_data`` of a study, which it embeds.

    The page adds ``STYLES``, and ``SCRIPTS`` after the section or in its head.
    """
    return Markup(
        template("explorer.html.j2").render(
            title=EXPLORER.title,
            data=data,
            json=as_json(data),
            shown=len(data["images"]),
        )
    )
