"""Names of links: what a row, class or image is called in an address."""

import hashlib
import re
import unicodedata


def slug(text: str) -> str:
    """Return a text as part of an address: letters, digits and hyphens.

    A text that loses more than spaces and punctuation gets a hash, so that different texts stay apart.
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    name = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")
    if re.fullmatch(r"[A-Za-z0-9 ]+", text):
        return name
    return f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:4]}".strip("-")
