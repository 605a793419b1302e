"""Names of links: what a row, class or image is called in an address."""

import hashlib
import re
import unicodedata


def slug(text: str) -> str:
    """Return a text as part of an address: ASCII letters, digits and hyphens.

    A text that is not such a name already gets a hash, so that different texts stay apart.
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    name = re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-")
    return name if name == text else f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:6]}"
