"""The accuracy of answers in VQA v1 (Antol et al., ICCV 2015, and the challenge's page).

An answer counts as one that three of the other people gave: for each of the ten, the nine others are
asked, min(1, matches / 3) is noted, and the ten notes are averaged. Answers are compared after a
normalisation of their spelling, "which is done for ground truth answers as well".
"""

import re
from collections.abc import Sequence
from functools import lru_cache

ENOUGH = 3  # people who say the same
RIGHT = 0.9  # the accuracy of an answer that three of ten people gave

_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_DIGITS = {word: str(number) for number, word in enumerate(_NUMBERS)} | {"none": "0"}
_ARTICLES = ("a", "an", "the")

# Contractions whose letters make no other word without the apostrophe.
_NEGATED = (
    *("ai", "are", "ca", "could", "did", "does", "do", "had", "has", "have", "is", "might"),
    *("must", "need", "ought", "sha", "should", "was", "were", "wo", "would"),
)
_CONTRACTED = (
    *(f"{verb}n't" for verb in _NEGATED),
    *(f"{verb}'ve" for verb in ("could", "might", "must", "should", "would")),
    *("i'm", "i've", "you're", "you've", "you'll", "you'd", "he's", "she's", "it'd", "it'll"),
    *("we've", "they're", "they've", "they'll", "they'd", "that's", "that'd", "there's", "there'd"),
    *("here's", "what's", "what're", "what'll", "what've", "where's", "where'd", "when's", "who's"),
    *("who'd", "who'll", "who've", "why's", "how's", "how'd", "how'll", "somebody's", "someone's"),
    *("something's", "everyone's", "ma'am", "o'clock", "y'all"),
)
_APOSTROPHES = {word.replace("'", ""): word for word in _CONTRACTED}

_COMMA = re.compile(r"(?<=\d),(?=\d)")  # in 100,978
_PERIOD = re.compile(r"\.(?!\d)")  # but not in 2.5
_PUNCTUATION = re.compile(r'[;/\[\]"{}()=+\\_\-><@`,?!]')  # no apostrophe, and no colon: 2:50


@lru_cache(maxsize=1 << 16)
def normalised(answer: str) -> str:
    """Return an answer as it is compared.

    Lower case; a comma between digits and a period that is not before a digit are dropped, other
    punctuation becomes a space; number words become digits; articles are dropped; the apostrophe of
    a contraction is put back.
    """
    text = _COMMA.sub("", answer.lower())
    text = _PERIOD.sub("", _PUNCTUATION.sub(" ", text))
    words = (_DIGITS.get(word, word) for word in text.split())
    return " ".join(_APOSTROPHES.get(word, word) for word in words if word not in _ARTICLES)


def accuracy(answer: str, given: Sequence[str]) -> float:
    """Return how right an answer is, 0 to 1, by what each of at least two people answered."""
    said = normalised(answer)
    matches = sum(normalised(other) == said for other in given)
    # Who said the same is left out once in his own turn.
    with_one_less, with_all = (min(1, count / ENOUGH) for count in (matches - 1, matches))
    return (matches * with_one_less + (len(given) - matches) * with_all) / len(given)
