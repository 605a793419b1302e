"""Fonts for names and captions in any script: of those installed, the ones that have the letters."""

import logging
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from warnings import catch_warnings, filterwarnings

from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font
from matplotlib.text import Text

from pipeline_lib.common.command import log

# Of a font that has no bold letters, a line for each figure.
logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
_SHOWN = 20  # letters that a message shows
_NO_FONTS = ("Last Resort", "Color")  # of boxes; of pictures, which Matplotlib does not draw


@contextmanager
def letters_drawn(figure: Figure, path: Path) -> Iterator[None]:
    """Give the texts of a figure fonts that have their letters; ``path`` is where it is written inside.

    One line in the log says which letters no installed font has: they are drawn as boxes.
    """
    lacking = {}
    for text in figure.findobj(Text):
        own = _letters(findfont(text.get_fontproperties()))
        if letters := {each for each in text.get_text() if _is_drawn(each)} - own:
            lacking[text] = letters
    families, boxes = _fallbacks(frozenset().union(*lacking.values()))
    for text in lacking:
        text.set_fontfamily([*text.get_fontfamily(), *families])
    if boxes:
        shown = "".join(sorted(boxes)[:_SHOWN]) + ("…" if len(boxes) > _SHOWN else "")
        log.warning(
            "%s: no installed font has %s: drawn as boxes; install one that has", path, shown
        )
    with catch_warnings():
        filterwarnings("ignore", r"Glyph \d+ .* missing from font")
        yield


def with_letters(words: str, font: FontProperties) -> FontProperties:
    """Return the font, and after it those that have the letters of ``words`` which it lacks."""
    lacking = {each for each in words if _is_drawn(each)} - _letters(findfont(font))
    if not lacking:
        return font
    families, _ = _fallbacks(frozenset(lacking))
    font = font.copy()
    font.set_family([*font.get_family(), *families])
    return font


def _fallbacks(letters: frozenset[str]) -> tuple[list[str], frozenset[str]]:
    """Return the families that have the letters, as few as can be, and the letters that none has."""
    families = []
    while letters:
        had = {name: letters & _letters(file) for name, file in _installed().items()}
        best = max(had, key=lambda name: len(had[name]))
        if not had[best]:
            break
        families.append(best)
        letters -= had[best]
    return families, letters


def _installed() -> dict[str, str]:
    """Return the families of the installed fonts, sorted, each with a file, the regular one if any."""
    fonts = sorted(
        fontManager.ttflist, key=lambda font: (font.name, font.weight != 400, font.fname)
    )
    names = {font.name: font.fname for font in reversed(fonts)}
    return {
        name: names[name] for name in sorted(names) if not any(word in name for word in _NO_FONTS)
    }


@cache
def _letters(file: str) -> frozenset[str]:
    """Return the letters of a font; none of a file that cannot be read."""
    try:
        return frozenset(map(chr, get_font(file).get_charmap()))
    except (OSError, RuntimeError):
        return frozenset()


def _is_drawn(letter: str) -> bool:
    """Tell whether a font must have a letter: not blanks, controls, and what chooses another's form."""
    is_control = unicodedata.category(letter) in ("Cc", "Cf")
    is_selector = unicodedata.name(letter, "").startswith("VARIATION SELECTOR")
    return not (letter.isspace() or is_control or is_selector)
