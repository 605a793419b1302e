"""The accuracy of several models' answers, by task and by type of answer, and what the image adds."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from pipeline_lib.evaluation.transfer import Outcomes, summarise

ANSWER_COLUMNS = ("answer", "probability", "top", "chosen")  # of a question, see ``answers``
SCORE_COLUMNS = ("row", "metric", "ours", "low", "high", "n", "images")
FULL, WORDS, IMAGE = "words and image", "words alone", "image alone"
GAIN = "gain by the image"
TASKS = ("open-ended", "multiple-choice")


def score(
    accuracies: dict[tuple[str, str], np.ndarray],
    image_ids: Sequence[str],
    answer_types: Sequence[str],
    seed: int = 0,
) -> pd.DataFrame:
    """Return the mean accuracies, in percent, as rows of ``SCORE_COLUMNS``.

    ``accuracies`` are by (model, task), each (n,) in [0, 1] for the questions whose images and types
    of answer are given. The intervals (95 % percentile bootstrap) draw images, each with all of its
    questions: these are not independent. GAIN is the paired difference of FULL and WORDS.
    """
    images, types = np.asarray(image_ids), np.asarray(answer_types)
    gains = {
        (GAIN, task): values - accuracies[WORDS, task]
        for (model, task), values in accuracies.items()
        if model == FULL
    }
    rows = []
    for (model, task), values in (accuracies | gains).items():
        for name, asked in _groups(types):
            found = summarise([Outcomes(images[asked], values[asked])], seed)
            counts = (int(asked.sum()), found.n)
            rows.append((model, f"{task}{name}", found.value, found.low, found.high, *counts))
    return pd.DataFrame(rows, columns=list(SCORE_COLUMNS))


def _groups(types: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """All questions, and those of each type of answer."""
    yield "", np.ones(len(types), bool)
    for name in sorted(set(types)):
        yield f", {name}", types == name
