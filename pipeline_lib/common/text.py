"""Reading text that others wrote: with or without a byte-order mark, with any line ending."""

import codecs
import re
from pathlib import Path

_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_LINE_END = re.compile("\r\n|\r|\n")  # not str.splitlines, which also splits inside of captions


def read_text(path: Path | str, errors: str = "strict") -> str:
    """Return the text of a file: UTF-8, or UTF-16 if its mark says so; lines end in "\\n".

    Raises OSError, and UnicodeDecodeError for other bytes unless ``errors`` (``bytes.decode``) says what
    to do with them.
    """
    content = Path(path).read_bytes()
    encoding = "utf-8"
    for mark, marked in _MARKS.items():
        if content.startswith(mark):
            content, encoding = content[len(mark) :], marked
            break
    return _LINE_END.sub("\n", content.decode(encoding, errors))


def read_text_lines(path: Path | str, errors: str = "strict") -> list[str]:
    """Return the lines of a file, without their ends; raises like ``read_text``."""
    lines = read_text(path, errors).split("\n")
    return lines[:-1] if lines[-1] == "" else lines
