"""The scores of one network, or of the centred box, on ILSVRC: errors in percent with intervals."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from pipeline_lib.data.manifest import read_csv
from pipeline_lib.evaluation.interval import error_interval
from pipeline_lib.evaluation.outcomes import metrics_of, wrong
from pipeline_lib.localization.predictions import Predictions


class ScoreKey(NamedTuple):
    """The columns that say what a score is of: the row in the tables, and how its boxes were made.

    ``threshold`` is the setting, a fraction of the map's maximum; it is NaN for methods without one and
    for a sweep. ``interpolation`` is "" without maps, ``centred_fraction`` NaN but for the centred box.
    """

    row: str
    box_method: str
    method: str
    crops: int
    threshold: float = np.nan
    interpolation: str = ""
    centred_fraction: float = np.nan


SCORE_COLUMNS = (*ScoreKey._fields, "metric", "error", "low", "high", "n")
CENTRED = ScoreKey("Centred box", "centred", "none", 0)


def network_scores(
    outcomes: pd.DataFrame, predictions: Predictions, settings: Mapping[str, object]
) -> pd.DataFrame:
    """Return a network's errors, SCORE_COLUMNS: those that its ``outcomes`` decide.

    ``settings`` are those that its boxes were extracted with (``box_settings``).
    """
    threshold = settings["threshold"]
    key = score_key(
        predictions,
        str(settings["box_method"]),
        interpolation=str(settings["interpolation"]),
        threshold=np.nan if threshold is None else float(threshold),
    )
    return _scores(key, outcomes)


def centred_scores(outcomes: pd.DataFrame, fraction: float) -> pd.DataFrame:
    """Return GT-known localization, SCORE_COLUMNS, of a centred box of ``fraction`` of each side."""
    return _scores(CENTRED._replace(centred_fraction=fraction), outcomes)


def _scores(key: ScoreKey, outcomes: pd.DataFrame) -> pd.DataFrame:
    rows = [
        error_row(key, metric, wrong(outcomes, metric).to_numpy())
        for metric in metrics_of(outcomes)
    ]
    return pd.DataFrame(rows, columns=list(SCORE_COLUMNS))


def score_key(
    predictions: Predictions, box_method: str, *, interpolation: str, threshold: float = np.nan
) -> ScoreKey:
    """Return the key of scores of a network's boxes."""
    return ScoreKey(
        row=predictions.name,
        box_method=box_method,
        method=predictions.method,
        crops=predictions.crops,
        threshold=threshold,
        interpolation=interpolation,
    )


def error_row(key: ScoreKey, metric: str, wrong: np.ndarray) -> tuple:
    """Return a row of SCORE_COLUMNS from (n,) outcomes, True where the image is wrong; n >= 1."""
    low, high = error_interval(wrong)
    return (*key, metric, 100 * wrong.mean(), 100 * low, 100 * high, len(wrong))


def read_scores(path: Path) -> pd.DataFrame:
    """Read scores; what is not given is NaN. Raises InputError like ``read_csv``."""
    scores = read_csv(path, SCORE_COLUMNS)
    for column in ("threshold", "centred_fraction", "error", "low", "high"):
        scores[column] = pd.to_numeric(scores[column], errors="coerce")
    return scores
