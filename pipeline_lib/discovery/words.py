"""Questions as bags of words, and answers as classes: what a training set's vocabularies know."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

UNKNOWN = "NA"
NO_ANSWER = -1
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")


def words_of(question: str) -> list[str]:
    """Return a question's words, in lower case, without punctuation."""
    return _WORD.findall(question.lower())


@dataclass(frozen=True)
class Vocabulary:
    """The words and the answers that are frequent enough in training; the words end with UNKNOWN."""

    words: list[str]
    answers: list[str]

    def encode(self, questions: Sequence[str], longest: int) -> np.ndarray:
        """Return the indices of each question's words, (n, longest) int32.

        A word that is not known is UNKNOWN, what is over ``longest`` is left out, and a question that
        is shorter is filled up with ``len(words)``.
        """
        index = {word: number for number, word in enumerate(self.words)}
        unknown = index[UNKNOWN]
        encoded = np.full((len(questions), longest), len(self.words), np.int32)
        for row, question in zip(encoded, questions, strict=True):
            found = [index.get(word, unknown) for word in words_of(question)[:longest]]
            row[: len(found)] = found
        return encoded

    def classes(self, answers: Iterable[str]) -> np.ndarray:
        """Return the index of each answer, NO_ANSWER for one that is not known: (n,) int64."""
        index = self._class_of
        return np.array([index.get(answer, NO_ANSWER) for answer in answers], np.int64)

    @cached_property
    def _class_of(self) -> dict[str, int]:
        return {answer: number for number, answer in enumerate(self.answers)}


def learn_vocabulary(
    questions: Iterable[str], answers: Iterable[str], *, least_word: int, least_answer: int
) -> Vocabulary:
    """Return the words and answers that come at least so often in training, most frequent first."""
    words = Counter(word for question in questions for word in words_of(question))
    counted = Counter(answers)
    return Vocabulary(
        [*(word for word, n in words.most_common() if n >= least_word), UNKNOWN],
        [answer for answer, n in counted.most_common() if n >= least_answer and answer],
    )
