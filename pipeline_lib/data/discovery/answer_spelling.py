"""The spelling of VQA v1's answers, normalised for comparison as on the challenge's page."""

import re
from functools import lru_cache

_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_DIGITS = {word: str(number) for number, word in enumerate(_NUMBERS)} | {"none": "0"}
_ARTICLES = ("a", "an", "the")

# Contractions that are no other word without the apostrophe.
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
def normalised_answer(answer: str) -> str:
    """Return the spelling of an answer that is compared.

    Lower case; a comma between digits and a period that is not before a digit are dropped, other
    punctuation becomes a space; number words become digits; articles are dropped; the apostrophe of
    a contraction is put back.
    """
    text = _COMMA.sub("", answer.lower())
    text = _PERIOD.sub("", _PUNCTUATION.sub(" ", text))
    words = (_DIGITS.get(word, word) for word in text.split())
    return " ".join(_APOSTROPHES.get(word, word) for word in words if word not in _ARTICLES)
