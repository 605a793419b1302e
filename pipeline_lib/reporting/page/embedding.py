"""Data in the page, where its scripts find them."""

import json

from markupsafe import Markup


def as_json(value: object) -> Markup:
    """Return JSON that can stand in a <script>: nothing in it ends that, or starts a comment."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    escapes = {
        "<": "\\u003c",
        ">": "\\u003e",
        "&": "\\u0026",
        "\u2028": "\\u2028",
        "\u2029": "\\u2029",
    }
    for character, escaped in escapes.items():
        text = text.replace(character, escaped)
    return Markup(text)
