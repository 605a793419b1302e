"""All splits of an image set: their SVMs, the choice of raw or normalised features, the scores."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline_lib.evaluation.by_image import SPLIT
from pipeline_lib.evaluation.transfer import (
    DECISION_COLUMNS,
    TRANSFER_SCORE_COLUMNS,
    Outcomes,
    scaling_name,
    summarise,
)
from pipeline_lib.features.cache import Features
from pipeline_lib.svm.fitting import FittedSvm
from pipeline_lib.svm.metrics import ACCURACY
from pipeline_lib.svm.trials import Trial


@dataclass(frozen=True)
class FittedSplits:
    """The trials of an image set, and the SVMs of each: on raw features, then on normalised ones."""

    metric: str
    trials: Sequence[Trial]
    fitted: Sequence[Sequence[FittedSvm]]

    @property
    def chosen(self) -> int:
        """0 for raw features, 1 for normalised ones: the better in cross-validation, over all splits."""
        kinds = zip(*self.fitted, strict=True)
        means = [np.mean([svm.validation_score for svm in of_splits]) for of_splits in kinds]
        return int(np.argmax(means))


def score_rows(splits: FittedSplits, features: Features, set_name: str, crop: str) -> pd.DataFrame:
    """Return ``TRANSFER_SCORE_COLUMNS``: a row for raw features, and one for normalised ones."""
    chosen, rows = splits.chosen, []
    for kind, of_splits in enumerate(zip(*splits.fitted, strict=True)):
        outcomes = [
            Outcomes(_units(trial, features, splits.metric), svm.outcomes)
            for trial, svm in zip(splits.trials, of_splits, strict=True)
        ]
        value, low, high, spread, n = summarise(outcomes)
        identity = (features.name, set_name, crop, splits.metric)
        choice = (of_splits[0].normalised, kind == chosen, _cost_range(of_splits))
        rows.append((*identity, *choice, value, low, high, spread, n, len(splits.trials)))
    return pd.DataFrame(rows, columns=list(TRANSFER_SCORE_COLUMNS))


def outcomes_by_image(splits: FittedSplits, features: Features) -> pd.DataFrame:
    """Return the scores by image (``by_image``), of all splits: a column for raw and for normalised."""
    tables = []
    for number, (trial, svms) in enumerate(zip(splits.trials, splits.fitted, strict=True), 1):
        outcomes = {scaling_name(svm.normalised): svm.outcomes for svm in svms}
        unit = "image_id" if splits.metric == ACCURACY else "attribute"
        units = {unit: _units(trial, features, splits.metric), SPLIT: number}
        tables.append(pd.DataFrame(units | outcomes))
    return pd.concat(tables, ignore_index=True)


def decisions_of(trial: Trial, svm: FittedSvm, features: Features, metric: str) -> pd.DataFrame:
    """Return ``DECISION_COLUMNS`` of a trial's test images, or no rows if the trial is of attributes."""
    if metric != ACCURACY:
        return pd.DataFrame(columns=list(DECISION_COLUMNS))
    names = np.array(features.image_id)[trial.test.rows]
    classes = np.array(trial.classes)
    label = classes[trial.test.targets.argmax(1)]
    predicted, score = classes[svm.values.argmax(1)], svm.values.max(1)
    return pd.DataFrame(dict(zip(DECISION_COLUMNS, (names, label, predicted, score), strict=True)))


def _units(trial: Trial, features: Features, metric: str) -> np.ndarray:
    """Return the names of what a trial's outcomes belong to: its test images, or its attributes."""
    if metric == ACCURACY:
        return np.array(features.image_id)[trial.test.rows]
    return np.array(trial.classes)


def _cost_range(svms: Iterable[FittedSvm]) -> str:
    """Return the C of all splits: one number, or "smallest to largest"."""
    costs = sorted({svm.cost for svm in svms})
    return " to ".join(f"{cost:g}" for cost in dict.fromkeys((costs[0], costs[-1])))
