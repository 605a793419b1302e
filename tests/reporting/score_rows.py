"""Scores as `evaluate` writes them, made by hand."""

import math

import pandas as pd

from pipeline_lib.evaluation.scores import SCORE_COLUMNS

CENTRED = "Centred box"


def scores(
    *rows, box_method="paper", method="cam", crops=1, threshold=0.2, interpolation="bilinear"
):
    """Scores of one box method: (row, metric, error, low, high, n)."""
    swept = {"threshold chosen", "MaxBoxAccV2"}
    full = [
        (
            *(name, box_method, method, crops),
            *(
                math.nan if metric in swept or "at it" in metric else threshold,
                interpolation,
                math.nan,
            ),
            *(metric, *numbers),
        )
        for name, metric, *numbers in rows
    ]
    return pd.DataFrame(full, columns=list(SCORE_COLUMNS))


def centred(error, fraction=0.8):
    table = scores(
        (CENTRED, "GT-known", error, 39.0, 41.0, 10), box_method="centred", method="none", crops=0
    )
    return table.assign(centred_fraction=fraction, threshold=math.nan, interpolation="")


def score(name, metric, error):
    return (name, metric, error, error - 1, error + 1, 480)


NO_SCORES = scores(("someone else", "GT-known", 1.0, 0.0, 2.0, 3))
