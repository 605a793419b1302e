"""The ids of elements of the page, for links that stay the same from run to run."""

import re

_OTHER = re.compile(r"[^A-Za-z0-9_-]")


def anchor(*parts: object) -> str:
    """Return the id of what ``parts`` name: their texts joined by slashes.

    ASCII letters, digits, hyphens and underscores stay as they are, a space becomes a full stop, and
    any other character its code: "café au lait" is ``caf~e9~.au.lait``. So every text has an id that is
    valid in HTML and in a link as it stands, and no two lists of parts share one.
    """
    return "/".join(_OTHER.sub(_code, str(part)) for part in parts)


def _code(match: re.Match) -> str:
    letter = match.group()
    return "." if letter == " " else f"~{ord(letter):x}~"
