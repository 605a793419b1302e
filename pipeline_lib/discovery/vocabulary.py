"""Questions as bags of words and answers as classes: the vocabularies of a training set."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

UNKNOWN = "NA"
NO_CLASS = -1  # of an answer that is not in the vocabulary
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")


def words_of(question: str) -> list[str]:
    """Return a question's words, in lower case, without punctuation."""
    return _WORD.findall(question.lower())


@dataclass(frozen=True)
class Vocabulary:
    """The frequent words and answers of the training questions; the last word is UNKNOWN."""

    words: list[str]
    answers: list[str]

    def encode(self, questions: Sequence[str], max_words: int) -> np.ndarray:
        """Return the word indices of each question, (n, max_words) int32.

        An unknown word is UNKNOWN, words after the first ``max_words`` are dropped, and shorter
        questions are padded with ``len(words)``.
        """
        index = {word: number for number, word in enumerate(self.words)}
        unknown = index[UNKNOWN]
        encoded = np.full((len(questions), max_words), len(self.words), np.int32)
        for row, question in zip(encoded, questions, strict=True):
            indices = [index.get(word, unknown) for word in words_of(question)[:max_words]]
            row[: len(indices)] = indices
        return encoded

    def classes(self, answers: Iterable[str]) -> np.ndarray:
        """Return the class of each answer, NO_CLASS if it has none: (n,) int64."""
        index = self._class_of
        return np.array([index.get(answer, NO_CLASS) for answer in answers], np.int64)

    @cached_property
    def _class_of(self) -> dict[str, int]:
        return {answer: number for number, answer in enumerate(self.answers)}


def learn_vocabulary(
    questions: Iterable[str],
    answers: Iterable[str],
    *,
    min_word_count: int,
    min_answer_count: int,
) -> Vocabulary:
    """Return the words and answers with at least these counts in training, most frequent first."""
    word_counts = Counter(word for question in questions for word in words_of(question))
    answer_counts = Counter(answers)
    return Vocabulary(
        [*(word for word, n in word_counts.most_common() if n >= min_word_count), UNKNOWN],
        [answer for answer, n in answer_counts.most_common() if n >= min_answer_count and answer],
    )
