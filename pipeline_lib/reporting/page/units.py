"""The section of the page about the units that classes rely on."""

from collections.abc import Mapping
from functools import partial

from markupsafe import Markup

from pipeline_lib.reporting.page.anchors import anchor
from pipeline_lib.reporting.tables.render import TEMPLATES, template

STYLES = tuple(TEMPLATES / name for name in ("browse.css",))
SCRIPTS = (TEMPLATES / "browse.js",)


def section(data: Mapping) -> Markup:
    """Return the section for the JSON object of ``units_data``; the page adds ``browse.css``.

    The name of its table, "units" or "units-places205", is the section's id and starts the others.
    """
    units = [unit for entry in data["classes"] for unit in entry["units"]]
    with_pictures = [
        entry for entry in data["classes"] if any(u["pictures"] for u in entry["units"])
    ]
    return Markup(
        template("units.html.j2").render(
            data=data,
            anchor=partial(anchor, *data["table"].replace("units", "unit", 1).split("-")),
            count=len(units),
            with_pictures=with_pictures,
        )
    )
