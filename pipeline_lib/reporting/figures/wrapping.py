"""Text broken into lines of a given width, by the widths of its letters."""

from collections.abc import Callable
from functools import lru_cache

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from pipeline_lib.reporting.figures.letters import with_letters

LINE_SPACING = 1.3  # height of a line, as a multiple of the size of its letters
_SLACK = 1.03  # hinted letters are a little wider than their outlines


def line_height(size: float) -> float:
    """Return the inches from a line of text to the next, for letters of ``size`` points."""
    return LINE_SPACING * size / 72


@lru_cache(maxsize=8192)
def width_of(words: str, size: float, bold: bool = False) -> float:
    """Return the inches that a line of text takes."""
    font = FontProperties(size=size, weight="bold" if bold else "normal")
    font = with_letters(words, font)
    width, _, _ = text_to_path.get_text_width_height_descent(words, font, ismath=False)
    return _SLACK * width / 72


def wrapped(
    words: str, width: float, size: float, *, bold: bool = False, lines: int = 2
) -> list[str]:
    """Break a text into at most ``lines`` lines of ``width`` inches; what is left out becomes "…".

    It is broken at blanks, and inside of a word that is wider than a line.
    """

    def fits(text: str) -> bool:
        return width_of(text, size, bold) <= width

    done, line = [], ""
    words = words.split()
    while words:
        word = words.pop(0)
        longer = f"{line} {word}" if line else word
        if fits(longer):
            line = longer
        elif line:
            done.append(line)
            line = ""
            words.insert(0, word)
        else:
            count = _longest(word, fits)
            done.append(word[:count])
            words[:0] = filter(None, [word[count:]])
        if len(done) == lines:
            break
    else:
        return [*done, *filter(None, [line])]
    last = done[-1]
    while last and not fits(f"{last}…"):
        last = last[:-1]
    return [*done[:-1], f"{last.rstrip()}…"] if words else done


def _longest(word: str, fits: Callable[[str], bool]) -> int:
    """Return how many of the word's first letters fit, at least one."""
    low, high = 1, len(word)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(word[:middle]) else (low, middle - 1)
    return low
