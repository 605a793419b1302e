"""Reading XML as annotation tools write it, which is not always XML."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

from pipeline_lib.common.text import read_text

_BARE_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[0-9a-fA-F]+);)")
_CONTROL = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]"
    r"|&#0*(?:[0-8]|1[124-9]|2\d|3[01]);|&#x0*(?:[0-8bcef]|1[0-9a-f]);",
    re.IGNORECASE,
)


def parse_xml(path: Path) -> ET.Element:
    """Return the root of an XML file; unescaped ampersands and control characters are repaired.

    LabelMe writes what people typed as it is, and declares no encoding; bytes that are not UTF-8 become
    question marks. Raises OSError, and ``ET.ParseError`` for what cannot be repaired.
    """
    try:
        return ET.fromstring(path.read_bytes())
    except (ET.ParseError, ValueError, LookupError):  # the latter two: of an unknown encoding
        text = _CONTROL.sub(" ", read_text(path, errors="replace"))
        return ET.fromstring(_BARE_AMPERSAND.sub("&amp;", text))
