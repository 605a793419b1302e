"""Words for alt texts: what a figure shows, said from its content."""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

_ROWS, _COLUMNS = ("upper", "", "lower"), ("left", "centre", "right")


def listed(names: Iterable[str], most: int = 8) -> str:
    """Return names, each once, as a list in words: "a, b and c", or "a, b and 3 others"."""
    names = list(dict.fromkeys(names))
    if len(names) > most:
        names = [*names[:most], f"{len(names) - most} others"]
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def span(values: Sequence[float], form: str = ".2f") -> str:
    """Return the range of numbers: "0.91 to 0.99", or one number where both ends read the same."""
    ends = list(dict.fromkeys(format(end, form) for end in (min(values), max(values))))
    return " to ".join(ends)


def brightest(heat: np.ndarray) -> str:
    """Return in which ninth of an (H, W) map its maximum is: "centre", "upper left", ..."""
    y, x = np.unravel_index(int(heat.argmax()), heat.shape)
    words = _ROWS[3 * y // heat.shape[0]], _COLUMNS[3 * x // heat.shape[1]]
    return " ".join(filter(None, words))


def brightest_of(places: Sequence[str]) -> str:
    """Say where most of several maps are brightest; ``places`` are what ``brightest`` returns."""
    if len(places) == 1:
        return f"the map is brightest at the {places[0]}"
    most = Counter(places).most_common(2)
    words = [f"at the {place} in {count}" for place, count in most]
    return f"of {len(places)} maps the brightest point is {listed(words)}"


def counted(count: int, singular: str, plural: str = "") -> str:
    """Return "1 image", "2 images"."""
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"
