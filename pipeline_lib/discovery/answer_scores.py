"""The accuracy of several models' answers, by task and by type of answer, and the gain by the image.

Columns of the table: ``row`` (a model, or GAIN), ``metric`` (the task and type of answer), ``value`` in
percent with its 95 % bootstrap interval ``low`` to ``high``, the numbers ``n`` of questions and
``images``, and for a model the ``epoch`` whose weights it has, of ``epochs``.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline_lib.data.manifest import read_csv
from pipeline_lib.evaluation.transfer import Outcomes, summarise

VQA_SCORE_COLUMNS = ("row", "metric", "value", "low", "high", "n", "images", "epoch", "epochs")
FULL, WORDS, IMAGE = "words and image", "words alone", "image alone"
GAIN = "gain by the image"
TASKS = ("open-ended", "multiple-choice")


def score_answers(
    accuracies: dict[tuple[str, str], np.ndarray],
    image_ids: Sequence[str],
    answer_types: Sequence[str],
    *,
    epoch_of: Mapping[str, int],
    epochs: int,
    seed: int,
) -> pd.DataFrame:
    """Return the mean accuracies as rows of ``VQA_SCORE_COLUMNS``.

    ``accuracies`` by (model, task) are (n,) in [0, 1], one per question; ``image_ids`` and
    ``answer_types`` are those of the questions. The bootstrap samples images, each with all of its
    questions, because these are not independent. GAIN is FULL minus WORDS, paired by question.
    """
    images, types = np.asarray(image_ids), np.asarray(answer_types)
    gains = {
        (GAIN, task): values - accuracies[WORDS, task]
        for (model, task), values in accuracies.items()
        if model == FULL
    }
    rows = []
    for (model, task), values in (accuracies | gains).items():
        for suffix, selected in _groups(types):
            mean = summarise([Outcomes(images[selected], values[selected])], seed)
            counts = (int(selected.sum()), mean.n, epoch_of.get(model, pd.NA), epochs)
            rows.append((model, f"{task}{suffix}", mean.value, mean.low, mean.high, *counts))
    return pd.DataFrame(rows, columns=list(VQA_SCORE_COLUMNS)).astype({"epoch": "Int64"})


def read_vqa_scores(path: Path) -> pd.DataFrame:
    """Read the table; GAIN has no epoch (NaN). Raises InputError like ``read_csv``."""
    table = read_csv(path, VQA_SCORE_COLUMNS)
    return table.assign(epoch=pd.to_numeric(table["epoch"]))


def _groups(types: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Yield all questions, then those of each type of answer: the metric's suffix and (n,) bool."""
    yield "", np.ones(len(types), bool)
    for name in sorted(set(types)):
        yield f", {name}", types == name
