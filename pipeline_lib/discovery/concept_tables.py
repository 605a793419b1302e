"""The tables of concepts: measures of each, and its first held-out images. Rates are in [0, 1].

- concepts: a row per concept. ``images`` to mine have the phrase; ``positives`` of them and
  ``negatives`` trained the detector after ``rounds``, which ``converged`` or not; ``separability``:
  see ``mining``. On the ``n`` held-out images, of which ``n_positive`` have the phrase in a caption:
  ``precision`` of the first ten, ``average_precision``, ``ap_before_mining`` (that of the SVM before
  mining) and the precision of ``chance``, each with its interval; and ``max_precision``, the highest
  possible one with so few positives. ``shown``: in the figure
- ranking: each concept's first held-out images, their ``score``, and whether a caption has the phrase
"""

from pathlib import Path

import numpy as np
import pandas as pd

from pipeline_lib.data.manifest import read_csv
from pipeline_lib.discovery.mining import ConceptDetector
from pipeline_lib.evaluation.ranking import FIRST, measure
from pipeline_lib.evaluation.transfer import Outcomes, summarise

CONCEPT_COLUMNS = (
    *("concept", "images", "positives", "negatives", "rounds", "converged", "separability"),
    *("n", "n_positive", "precision", "low", "high", "chance", "chance_low", "chance_high"),
    *("max_precision", "average_precision", "average_low", "average_high"),
    *("ap_before_mining", "ap_before_mining_low", "ap_before_mining_high", "shown"),
)
RANKING_COLUMNS = ("concept", "rank", "image_id", "score", "has_phrase")


def read_concepts(path: Path) -> pd.DataFrame:
    """Read the concepts table; what was not measured is NaN. Raises InputError like ``read_csv``."""
    table = read_csv(path, CONCEPT_COLUMNS)
    measures = CONCEPT_COLUMNS[CONCEPT_COLUMNS.index("n_positive") : -1]
    for name in ("separability", *measures):
        table[name] = pd.to_numeric(table[name], errors="coerce")
    return table


def means_of(concepts: pd.DataFrame) -> dict[str, dict]:
    """Return the means over the concepts that were measured, with n and a 95 % bootstrap interval.

    ``gain`` is a concept's precision minus chance.
    """
    measured = concepts[concepts["n_positive"] > 0]
    measured = measured.assign(gain=measured["precision"] - measured["chance"])
    means = {}
    names = ("precision", "chance", "gain", "average_precision", "ap_before_mining")
    for name in names if len(measured) else ():
        if measured[name].isna().all():  # nothing was mined
            continue
        outcomes = Outcomes(measured["concept"].to_numpy(), measured[name].to_numpy())
        value, low, high, _, n = summarise([outcomes])
        percents = {"value": value, "low": low, "high": high}
        means[name] = {key: round(percent / 100, 4) for key, percent in percents.items()} | {"n": n}
    return means


def tabulate_concepts(
    phrases: list[str],
    detectors: list[ConceptDetector],
    separabilities: list[float],
    values: np.ndarray,
    values_before_mining: np.ndarray,
    has_phrase: np.ndarray,
    held_out: np.ndarray,
) -> pd.DataFrame:
    """Return the concepts table without ``shown``.

    The decision values, and ``has_phrase``, are (n, k) for all images; ``held_out`` are the sorted
    rows to rank. Measures of a concept without a held-out positive are NaN.
    """
    rows = []
    for k, (phrase, detector) in enumerate(zip(phrases, detectors, strict=True)):
        ranking = has_phrase[_ranked(values[:, k], held_out), k]
        row = {
            "concept": phrase,
            "images": int(np.delete(has_phrase[:, k], held_out).sum()),
            "positives": len(detector.positives),
            "negatives": len(detector.negatives),
            "rounds": detector.rounds,
            "converged": detector.converged,
            "separability": separabilities[k],
            "n": len(ranking),
            "n_positive": int(ranking.sum()),
        }
        if ranking.any():
            before = measure(has_phrase[_ranked(values_before_mining[:, k], held_out), k])
            names = ("ap_before_mining", "ap_before_mining_low", "ap_before_mining_high")
            row |= _measures(ranking) | dict(zip(names, before.average, strict=True))
        rows.append(row)
    return pd.DataFrame(rows, columns=[name for name in CONCEPT_COLUMNS if name != "shown"])


def tabulate_phrases(
    mined: pd.DataFrame, values: np.ndarray, has_phrase: np.ndarray
) -> pd.DataFrame:
    """Return the concepts table of other rankings of the same phrases, for which nothing was trained.

    ``mined`` is the concepts table; ``values`` and ``has_phrase`` (n, k) are of the held-out images.
    What describes a detector is NaN.
    """
    rows = []
    for k, concept in enumerate(mined.itertuples()):
        ranking = has_phrase[np.argsort(-values[:, k], kind="stable"), k]
        row = {"concept": concept.concept, "images": concept.images, "shown": concept.shown}
        row |= {"n": len(ranking), "n_positive": int(ranking.sum())}
        rows.append(row | (_measures(ranking) if ranking.any() else {}))
    return pd.DataFrame(rows, columns=list(CONCEPT_COLUMNS))


def _measures(ranking: np.ndarray) -> dict[str, float]:
    """Return the columns that say how good a ranking is, one with a positive."""
    measures = measure(ranking)
    columns = {"max_precision": measures.max_precision}
    for names, interval in (
        (("precision", "low", "high"), measures.precision),
        (("chance", "chance_low", "chance_high"), measures.chance),
        (("average_precision", "average_low", "average_high"), measures.average),
    ):
        columns |= dict(zip(names, interval, strict=True))
    return columns


def rank_images(
    phrases: list[str],
    image_id: list[str],
    values: np.ndarray,
    has_phrase: np.ndarray,
    held_out: np.ndarray,
    first: int = FIRST,
) -> pd.DataFrame:
    """Return the ``first`` held-out images of each concept, best first: RANKING_COLUMNS."""
    rows = [
        (phrase, rank, image_id[row], float(values[row, k]), bool(has_phrase[row, k]))
        for k, phrase in enumerate(phrases)
        for rank, row in enumerate(_ranked(values[:, k], held_out)[:first], 1)
    ]
    return pd.DataFrame(rows, columns=list(RANKING_COLUMNS))


def picked_images(ranking: pd.DataFrame, images: pd.DataFrame, concepts: list[str]) -> pd.DataFrame:
    """Return a manifest of the ranked images of ``concepts``, in their order.

    An image can be there for several concepts: its id joins the concept's name and its own, and its
    label is the concept, so that predictions keep the concept's map as that of the true class.
    """
    picked = pd.concat([ranking[ranking["concept"] == concept] for concept in concepts])
    rows = images.set_index("image_id", drop=False).loc[picked["image_id"]]
    return rows.assign(image_id=picked_ids(picked).to_numpy(), label=picked["concept"].to_numpy())


def picked_ids(ranking: pd.DataFrame) -> pd.Series:
    """Return the ids that ``picked_images`` gives the rows of a ranking."""
    return ranking["concept"] + ": " + ranking["image_id"]


def _ranked(values: np.ndarray, held_out: np.ndarray) -> np.ndarray:
    """Return the held-out rows by (n,) decision values, highest first."""
    return held_out[np.argsort(-values[held_out], kind="stable")]
