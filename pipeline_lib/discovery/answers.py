"""A trained model's answers: the most probable ones, and the best of the given choices."""

import json
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
import torch

from pipeline_lib.discovery.bowimg import BagOfWordsAndImage, EncodedQuestions, probabilities
from pipeline_lib.discovery.vocabulary import NO_CLASS, Vocabulary

ANSWER_COLUMNS = ("answer", "probability", "top", "chosen")  # see ``predict_answers``
TOP = 5


def predict_answers(
    model: BagOfWordsAndImage,
    features: torch.Tensor,
    questions: EncodedQuestions,
    vocabulary: Vocabulary,
    choices: Sequence[Sequence[str]],
) -> pd.DataFrame:
    """Return a row of ``ANSWER_COLUMNS`` for each question.

    ``top`` is a JSON list of the TOP most probable answers with their probabilities. ``chosen`` is
    the most probable of the question's ``choices``: the first one if none is in the vocabulary, "" if
    there are no choices.
    """
    rows = []
    remaining_choices = iter(choices)
    for block in probabilities(model, features, questions):
        values, indices = block.topk(min(TOP, block.shape[1]), dim=1)
        tops = zip(values.tolist(), indices.tolist(), strict=True)
        for row, (best, classes) in zip(block.cpu().numpy(), tops, strict=True):
            top = [(vocabulary.answers[c], round(p, 6)) for c, p in zip(classes, best, strict=True)]
            chosen = _best_choice(row, next(remaining_choices), vocabulary)
            rows.append((*top[0], json.dumps(top, ensure_ascii=False), chosen))
    return pd.DataFrame(rows, columns=list(ANSWER_COLUMNS))


def _best_choice(row: np.ndarray, choices: Sequence[str], vocabulary: Vocabulary) -> str:
    if not choices:
        return ""
    classes = vocabulary.classes(choices)
    return choices[int(np.where(classes == NO_CLASS, -1.0, row[classes]).argmax())]


def submission(question_ids: Sequence[int], answers: Sequence[str]) -> Iterator[dict]:
    """Yield the records of a results file for the challenge's server."""
    for question_id, answer in zip(question_ids, answers, strict=True):
        yield {"question_id": int(question_id), "answer": answer}
