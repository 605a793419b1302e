"""What was meant by a name that there is not: the nearest of those that there are."""

from collections.abc import Iterable
from difflib import SequenceMatcher, get_close_matches


def nearest(word: str, known: Iterable[str]) -> str:
    """Return a hint at the known name that a word resembles most, "; did you mean ...?", or "".

    Capitals do not count, and of names that are as near the one of the same letters is meant:
    googlenet-gpa is GoogLeNet-GAP, not GoogLeNet-GMP.
    """
    names = {name.lower(): name for name in reversed(list(known))}
    word = word.lower()
    found = get_close_matches(word, names, n=5)
    if not found:
        return ""

    def likeness(name: str) -> float:
        letters = SequenceMatcher(None, sorted(word), sorted(name)).ratio()
        return SequenceMatcher(None, word, name).ratio() + letters

    return f"; did you mean {names[max(found, key=likeness)]}?"
