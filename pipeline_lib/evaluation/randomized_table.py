"""The table of the randomization test: how alike maps stay while a network's layers become random."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline_lib.data.manifest import read_csv
from pipeline_lib.evaluation.interval import ratio_interval

RANK_CORRELATION, SSIM = MEASURES = ("rank correlation", "SSIM")  # in the order of ``agreement``
RANDOMIZED_COLUMNS = (
    *("row", "method", "stage", "layer", "measure", "mean", "low", "high", "n", "note"),
)
_CONSTANT = "its maps of these images are constant"


def summarise_agreement(
    name: str,
    values: Mapping[str, np.ndarray],
    layers: Sequence[str],
    left_out: Mapping[str, str],
) -> pd.DataFrame:
    """Return the table, RANDOMIZED_COLUMNS: means over images with 95 % bootstrap intervals.

    ``name`` is the network's, ``layers`` are the lowest ones of each stage, ``values`` by method are
    (images, stages, measures), NaN for images that do not count. A method of ``left_out``, or without
    any image that counts, has one line without numbers, and the reason in ``note``.
    """
    rows: list[tuple] = []
    reasons = dict(left_out)
    for method, of_all in values.items():
        images = of_all[~np.isnan(of_all).any((1, 2))]
        if not len(images):
            reasons[method] = _CONSTANT
            continue
        for k, measure in enumerate(MEASURES):
            for number, layer in enumerate(layers):
                interval = ratio_interval(images[:, number, k])
                key = (name, method, number + 1, layer, measure)
                rows.append((*key, *interval, len(images), ""))
    nothing = (None, "", "", np.nan, np.nan, np.nan, 0)
    rows += [(name, method, *nothing, reason) for method, reason in reasons.items()]
    return pd.DataFrame(rows, columns=list(RANDOMIZED_COLUMNS)).astype({"stage": "Int64"})


def read_agreement(path: Path) -> pd.DataFrame:
    """Read that table; what is not given is NaN, the stage -1. Raises InputError like ``read_csv``."""
    table = read_csv(path, RANDOMIZED_COLUMNS)
    for column in ("mean", "low", "high", "stage"):
        table[column] = pd.to_numeric(table[column], errors="coerce")
    return table.fillna({"stage": -1}).astype({"stage": int})
