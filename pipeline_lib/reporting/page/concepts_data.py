"""What the page says of mined concepts, as plain values: measures, and the images ranked first."""

from pathlib import Path

import numpy as np
import pandas as pd

from pipeline_lib.common.errors import InputError
from pipeline_lib.discovery.concept_tables import means_of
from pipeline_lib.reporting.page.thumbnails import open_image, thumbnail

SIDE = 96  # pixels of a picture
PICTURES = 300  # at most, in all
PICTURE_RULE = (
    f"Images are shown for whole concepts, up to {PICTURES} images in all: first the concepts that "
    "Figure 10 shows, then the others in the order in which they were mined."
)
_NUMBERS = (
    *("images", "n", "n_positive", "max_precision", "chance", "chance_low", "chance_high"),
    *("precision", "low", "high", "average_precision", "average_low", "average_high"),
)


def concepts_data(
    concepts: pd.DataFrame, ranking: pd.DataFrame, images: pd.DataFrame, root: Path, network: str
) -> dict:
    """Return the JSON object that ``page.concepts`` shows.

    ``concepts`` and ``ranking`` are the tables of ``mine_concepts``, ``images`` the manifest of the
    captioned images below ``root``. Measures are fractions, None where they were not measured. Raises
    InputError for a ranked image that the manifest lacks.
    """
    row_of = {name: row for row, name in enumerate(images["image_id"])}
    absent = ranking.loc[~ranking["image_id"].isin(row_of), "image_id"]
    if len(absent):
        raise InputError(f"the manifest lacks the ranked image {absent.iloc[0]}")
    ranked = dict(list(ranking.sort_values("rank").groupby("concept", sort=False)))
    order = concepts.sort_values("shown", ascending=False, kind="stable")
    left, entries = PICTURES, []
    for concept in order.to_dict("records"):
        first = ranked.get(concept["concept"], ranking.iloc[:0])
        with_pictures = len(first) <= left or left == PICTURES
        left = left - len(first) if with_pictures else 0
        shown = first if with_pictures else first.iloc[:0]
        entries.append(
            {"concept": str(concept["concept"])}
            | {name: _number(concept[name]) for name in _NUMBERS}
            | {
                "pictures": [
                    {
                        "image_id": row.image_id,
                        "rank": int(row.rank),
                        "score": round(float(row.score), 3),
                        "has_phrase": bool(row.has_phrase),
                        "picture": thumbnail(open_image(images, root, row_of[row.image_id]), SIDE),
                    }
                    for row in shown.itertuples()
                ]
            }
        )
    means = means_of(concepts)
    return {
        "network": network,
        "picture_rule": PICTURE_RULE,
        "means": {name: means[name] for name in ("precision", "chance") if name in means},
        "concepts": entries,
    }


def _number(value: float) -> float | None:
    """Return a plain number for JSON, None for one that was not measured."""
    return None if np.isnan(value) else round(float(value), 4)
