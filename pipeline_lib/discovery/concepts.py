"""Concepts from captioned images: detectors mined on one part, rankings measured on the other.

Columns of what is written, rates as parts of 1:

- concepts: one row a concept. ``images`` to mine that have the phrase, of which ``positives`` were kept,
  beside ``negatives``, after ``rounds``, ``settled`` or not; ``told_apart``, see ``mining``; then on the
  ``n`` images held out, of which ``having`` have the phrase in a caption: ``precision`` of the first
  ten, ``average_precision``, the same of the SVM ``unmined``, before any mining, and the precision of
  ``chance``, each with its interval, and ``best``, the highest precision that so few images allow.
  ``shown`` are those of the figure
- ranking: each concept's first images held out, their ``score`` and whether a caption ``has`` the
  phrase
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.manifest import read_csv
from pipeline_lib.discovery.mining import Mined, Recipe, mine, told_apart
from pipeline_lib.discovery.unit_features import UnitFeatures
from pipeline_lib.evaluation.ranking import FIRST, measure
from pipeline_lib.evaluation.transfer import Outcomes, summarise

CONCEPT_COLUMNS = (
    *("concept", "images", "positives", "negatives", "rounds", "settled", "told_apart"),
    *("n", "having", "precision", "low", "high", "chance", "chance_low", "chance_high", "best"),
    *("average_precision", "average_low", "average_high"),
    *("unmined", "unmined_low", "unmined_high", "shown"),
)
RANKING_COLUMNS = ("concept", "rank", "image_id", "score", "has")


@dataclass(frozen=True)
class Parts:
    """The sorted rows of the images to mine and of those held out."""

    mined: np.ndarray
    held_out: np.ndarray


def read_concepts(path: Path) -> pd.DataFrame:
    """Read the concepts table; what was not measured is NaN. Raises InputError like ``read_csv``."""
    table = read_csv(path, CONCEPT_COLUMNS)
    for name in ("told_apart", *CONCEPT_COLUMNS[CONCEPT_COLUMNS.index("having") : -1]):
        table[name] = pd.to_numeric(table[name], errors="coerce")
    return table


def means_of(concepts: pd.DataFrame) -> dict[str, dict]:
    """Return the means over the concepts that were measured, with n and a 95 % bootstrap interval.

    ``gain`` is how far a concept's precision is above its chance.
    """
    measured = concepts[concepts["having"] > 0]
    measured = measured.assign(gain=measured["precision"] - measured["chance"])
    found = {}
    names = ("precision", "chance", "gain", "average_precision", "unmined")
    for name in names if len(measured) else ():
        outcomes = Outcomes(measured["concept"].to_numpy(), measured[name].to_numpy())
        value, low, high, _, n = summarise([outcomes])
        parts = {"value": value, "low": low, "high": high}
        found[name] = {key: round(part / 100, 4) for key, part in parts.items()} | {"n": n}
    return found


def divide(images: int, held_out: float, seed: int) -> Parts:
    """Draw the part ``held_out`` of n images. Raises InputError where a part would be empty."""
    count = round(held_out * images)
    if not 0 < count < images:
        raise InputError(
            f"{images} captioned images: too few to hold out {held_out:g} of them; add images"
        )
    order = np.random.default_rng(seed).permutation(images)
    return Parts(np.sort(order[count:]), np.sort(order[:count]))


def check(phrases: list[str], has: np.ndarray, parts: Parts) -> None:
    """Raise InputError for a phrase that no image to mine has, or that they all have.

    ``has`` is (n, k) bool.
    """
    for phrase, column in zip(phrases, has.T, strict=True):
        count = int(column[parts.mined].sum())
        if count in (0, len(parts.mined)):
            which = "none" if count == 0 else "every one"
            raise InputError(
                f"concepts.phrases: '{phrase}' is in the captions of {which} of the "
                f"{len(parts.mined)} images to mine; leave it out or choose another concepts.seed"
            )


def discover(
    features: UnitFeatures, has: np.ndarray, parts: Parts, recipe: Recipe
) -> tuple[list[Mined], list[float]]:
    """Mine a detector for each of k phrases and say how well each can be told; ``has`` (n, k)."""
    found = mine(features, parts.mined, has, recipe)
    told = [
        told_apart(features, one, parts.mined[~column[parts.mined]], recipe)
        for one, column in zip(found, has.T, strict=True)
    ]
    return found, told


def table_of(
    phrases: list[str],
    found: list[Mined],
    told: list[float],
    values: np.ndarray,
    unmined: np.ndarray,
    has: np.ndarray,
    parts: Parts,
) -> pd.DataFrame:
    """Return the concepts table but for ``shown``.

    Decision values after and before mining, and ``has``, are (n, k) of all images. What is measured
    on no image with the phrase is NaN.
    """
    rows = []
    for index, (phrase, one) in enumerate(zip(phrases, found, strict=True)):
        ranking = has[_ranked(values[:, index], parts), index]
        row = {
            "concept": phrase,
            "images": int(has[parts.mined, index].sum()),
            "positives": len(one.positives),
            "negatives": len(one.negatives),
            "rounds": one.rounds,
            "settled": one.settled,
            "told_apart": told[index],
            "n": len(ranking),
            "having": int(ranking.sum()),
        }
        if ranking.any():
            measured = measure(ranking)
            before = measure(has[_ranked(unmined[:, index], parts), index])
            for names, triple in (
                (("precision", "low", "high"), measured.precision),
                (("chance", "chance_low", "chance_high"), measured.chance),
                (("average_precision", "average_low", "average_high"), measured.average),
                (("unmined", "unmined_low", "unmined_high"), before.average),
            ):
                row |= dict(zip(names, triple, strict=True))
            row["best"] = measured.best
        rows.append(row)
    return pd.DataFrame(rows, columns=[name for name in CONCEPT_COLUMNS if name != "shown"])


def ranking_of(
    phrases: list[str],
    image_id: list[str],
    values: np.ndarray,
    has: np.ndarray,
    parts: Parts,
    first: int = FIRST,
) -> pd.DataFrame:
    """Return the ``first`` images held out of each concept, best first: RANKING_COLUMNS."""
    rows = [
        (phrase, rank, image_id[row], float(values[row, index]), bool(has[row, index]))
        for index, phrase in enumerate(phrases)
        for rank, row in enumerate(_ranked(values[:, index], parts)[:first], 1)
    ]
    return pd.DataFrame(rows, columns=list(RANKING_COLUMNS))


def pictures_of(ranking: pd.DataFrame, images: pd.DataFrame, shown: list[str]) -> pd.DataFrame:
    """Return a manifest of the ranked images of the concepts that are shown, in their order.

    An image may be there for several concepts: its id is the concept's and its own, its label the
    concept, so that a prediction keeps the concept's map as the true class's.
    """
    picked = pd.concat([ranking[ranking["concept"] == phrase] for phrase in shown])
    rows = images.set_index("image_id", drop=False).loc[picked["image_id"]]
    return rows.assign(
        image_id=picture_names(picked).to_numpy(), label=picked["concept"].to_numpy()
    )


def picture_names(ranking: pd.DataFrame) -> pd.Series:
    """Return the ids that ``pictures_of`` gives the rows of a ranking."""
    return ranking["concept"] + ": " + ranking["image_id"]


def _ranked(values: np.ndarray, parts: Parts) -> np.ndarray:
    """The rows of the images held out, by (n,) decision values, highest first."""
    return parts.held_out[np.argsort(-values[parts.held_out], kind="stable")]
