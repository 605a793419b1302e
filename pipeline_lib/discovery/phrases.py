"""Short phrases in captions: which there are, which images have them, which could be concepts.

A phrase is a run of words within one caption, in lower case. An image has a phrase if any of its
captions does.
"""

import re
from collections.abc import Iterable, Sequence

import numpy as np
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, CountVectorizer

from pipeline_lib.common.errors import InputError

_WORD = re.compile(r"[a-z0-9]+(?:['’-][a-z0-9]+)*")
_VISIBLE = {"bill", "computer", "fire", "mill", "system"}  # scikit-learn's list has things to see
STOP_WORDS = ENGLISH_STOP_WORDS - _VISIBLE
_ALIKE = 0.5  # two phrases are one concept where this part of their images is common to both


def words(text: str) -> list[str]:
    """Return the words of a text in lower case, without punctuation."""
    return _WORD.findall(text.lower())


def phrases_of(captions: Iterable[str], longest: int) -> set[str]:
    """Return the phrases of 1 to ``longest`` words of an image's captions.

    A stop word is at neither end of a phrase: "group of people", but not "group of".
    """
    found = set()
    for caption in captions:
        said = words(caption)
        for start, first in enumerate(said):
            if first not in STOP_WORDS:
                for end in range(start + 1, min(start + longest, len(said)) + 1):
                    if said[end - 1] not in STOP_WORDS:
                        found.add(" ".join(said[start:end]))
    return found


def having(captions: Sequence[list[str]], phrases: Sequence[str]) -> np.ndarray:
    """Return which of n images have which of k phrases, (n, k) bool, by each image's captions."""
    padded = [f" {phrase} " for phrase in phrases]
    found = np.zeros((len(captions), len(phrases)), bool)
    for row, of_image in zip(found, captions, strict=True):
        text = "".join(f" {' '.join(words(caption))} |" for caption in of_image)
        row[:] = [phrase in text for phrase in padded]
    return found


def candidates(captions: Sequence[list[str]], *, longest: int, least: int, count: int) -> list[str]:
    """Return the ``count`` phrases of n images' captions that promise most, best first.

    Of those that at least ``least`` images have, and at most half of them. A phrase that m of n
    images have is worth m log(n / m), the surprise at it in all its images, times its number of words:
    a longer one is more specific. One that has most of its images in common with a better one is
    left out. Raises InputError where no phrase has enough images.
    """
    counter = CountVectorizer(
        analyzer=lambda of_image: phrases_of(of_image, longest), binary=True, dtype=np.int32
    )
    counts = counter.fit_transform(captions)
    images = np.asarray(counts.sum(axis=0))[0]
    enough = np.flatnonzero((images >= least) & (images <= len(captions) / 2))
    if not len(enough):
        raise InputError(
            f"no phrase in the captions of {least} or more of {len(captions)} images; "
            "lower concepts.least, or list concepts.phrases"
        )
    phrases = counter.get_feature_names_out()[enough]
    counts, images = counts.tocsc()[:, enough], images[enough]
    lengths = np.array([len(phrase.split()) for phrase in phrases])
    worth = images * np.log(len(captions) / images) * lengths
    chosen: list[int] = []
    for index in np.argsort(-worth, kind="stable"):
        common = (counts[:, [index]].T @ counts[:, chosen]).toarray()[0] if chosen else np.zeros(0)
        if (common < _ALIKE * (images[index] + images[chosen] - common)).all():
            chosen.append(int(index))
        if len(chosen) == count:
            break
    return [str(phrases[index]) for index in chosen]


def listed(phrases: Iterable[str]) -> list[str]:
    """Return given phrases as ``words`` has them, each once. Raises InputError for an empty one."""
    found = [" ".join(words(phrase)) for phrase in phrases]
    if not all(found):
        raise InputError("concepts.phrases: a phrase without a word; leave it out")
    return list(dict.fromkeys(found))
