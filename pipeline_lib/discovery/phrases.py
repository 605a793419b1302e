"""Short phrases in captions: which images have them, and which could be concepts.

A phrase is a run of words within one caption, in lower case. An image has a phrase if any of its
captions has it.
"""

import re
from collections.abc import Iterable, Sequence

import numpy as np
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, CountVectorizer

from pipeline_lib.common.errors import InputError

_WORD = re.compile(r"[a-z0-9]+(?:['’-][a-z0-9]+)*")
# Words on scikit-learn's list that name visible objects.
_VISIBLE = {"bill", "computer", "fire", "mill", "system"}
STOP_WORDS = ENGLISH_STOP_WORDS - _VISIBLE
_SAME_CONCEPT = 0.5  # intersection over union of the images of two phrases


def words(text: str) -> list[str]:
    """Return the words of a text in lower case, without punctuation."""
    return _WORD.findall(text.lower())


def phrases_of(captions: Iterable[str], max_words: int) -> set[str]:
    """Return the phrases of 1 to ``max_words`` words in an image's captions.

    A phrase neither begins nor ends with a stop word: "group of people", but not "group of".
    """
    phrases = set()
    for caption in captions:
        caption_words = words(caption)
        for start, first in enumerate(caption_words):
            if first not in STOP_WORDS:
                for end in range(start + 1, min(start + max_words, len(caption_words)) + 1):
                    if caption_words[end - 1] not in STOP_WORDS:
                        phrases.add(" ".join(caption_words[start:end]))
    return phrases


def phrase_matrix(captions: Sequence[list[str]], phrases: Sequence[str]) -> np.ndarray:
    """Return which of n images have which of k phrases, (n, k) bool, by each image's captions."""
    padded = [f" {phrase} " for phrase in phrases]
    matrix = np.zeros((len(captions), len(phrases)), bool)
    for row, image_captions in zip(matrix, captions, strict=True):
        text = "".join(f" {' '.join(words(caption))} |" for caption in image_captions)
        row[:] = [phrase in text for phrase in padded]
    return matrix


def mine_phrases(
    captions: Sequence[list[str]], *, max_words: int, min_images: int, count: int
) -> list[str]:
    """Return the ``count`` most promising phrases in the captions of n images, best first.

    Candidates are in at least ``min_images`` images and at most half of them. A phrase of w words in
    m images scores w m log(n / m): its surprise summed over its images, and longer phrases are more
    specific. A phrase that shares most of its images with a better one is left out. Raises InputError
    if no phrase has enough images.
    """
    counter = CountVectorizer(
        analyzer=lambda image_captions: phrases_of(image_captions, max_words),
        binary=True,
        dtype=np.int32,
    )
    counts = counter.fit_transform(captions)
    images = np.asarray(counts.sum(axis=0))[0]
    candidates = np.flatnonzero((images >= min_images) & (images <= len(captions) / 2))
    if not len(candidates):
        raise InputError(
            f"no phrase in the captions of {min_images} or more of {len(captions)} images; "
            "lower concepts.min_images, or list concepts.phrases"
        )
    phrases = counter.get_feature_names_out()[candidates]
    counts, images = counts.tocsc()[:, candidates], images[candidates]
    lengths = np.array([len(phrase.split()) for phrase in phrases])
    scores = images * np.log(len(captions) / images) * lengths
    chosen: list[int] = []
    for index in np.argsort(-scores, kind="stable"):
        common = (counts[:, [index]].T @ counts[:, chosen]).toarray()[0] if chosen else np.zeros(0)
        if (common < _SAME_CONCEPT * (images[index] + images[chosen] - common)).all():
            chosen.append(int(index))
        if len(chosen) == count:
            break
    return [str(phrases[index]) for index in chosen]


def clean_phrases(phrases: Iterable[str]) -> list[str]:
    """Return phrases in the form of ``words``, each once. Raises InputError for an empty one."""
    cleaned = [" ".join(words(phrase)) for phrase in phrases]
    if not all(cleaned):
        raise InputError("concepts.phrases: a phrase without a word; leave it out")
    return list(dict.fromkeys(cleaned))
