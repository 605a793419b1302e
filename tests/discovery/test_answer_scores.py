"""The intervals of answers' accuracies, and the table on disk."""

import numpy as np
import pytest

from pipeline_lib.data.manifest import write_csv
from pipeline_lib.discovery.answer_scores import (
    FULL,
    GAIN,
    IMAGE,
    WORDS,
    read_vqa_scores,
    score_answers,
)


def test_intervals_sample_images_and_not_questions():
    """Ten questions of each image, all right or all wrong, are as uncertain as one question each."""
    outcomes = np.random.default_rng(0).integers(2, size=100).astype(float)
    many, single = (
        score_answers(
            {(name, "open-ended"): np.repeat(outcomes, times) for name in (FULL, WORDS, IMAGE)},
            np.repeat(np.arange(100).astype(str), times),
            np.full(100 * times, "other"),
            epoch_of={},
            epochs=1,
            seed=0,
        )
        for times in (10, 1)
    )
    assert many["n"].iloc[0] == 1000
    assert (many["images"] == 100).all()
    numbers = ["value", "low", "high"]
    assert many[numbers].equals(single[numbers])
    gains = many[many["row"] == GAIN]
    assert (gains[numbers] == 0).all(axis=None)


def test_the_gain_has_no_epoch(tmp_path):
    accuracies = {(name, "open-ended"): np.array([0.0, 1.0]) for name in (FULL, WORDS)}
    scores = score_answers(
        accuracies, ["a", "b"], ["other", "other"], epoch_of={FULL: 3, WORDS: 1}, epochs=9, seed=0
    )
    write_csv(tmp_path / "scores.csv", scores)
    table = read_vqa_scores(tmp_path / "scores.csv")
    epoch_of = dict(zip(table["row"], table["epoch"], strict=True))
    assert epoch_of == pytest.approx({FULL: 3, WORDS: 1, GAIN: np.nan}, nan_ok=True)
    assert (table["epochs"] == 9).all()
