"""What the page says of a network's errors, as plain values: counts, rates in percent and pictures."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from pipeline_lib.data.classes import short_name
from pipeline_lib.evaluation.box_errors import (
    BOX_OUTCOMES,
    BOX_RULES,
    FAILURES,
    RIGHT,
    WRONG_CLASS,
    accuracies,
    by_size,
    cross_counts,
    failure_counts,
    most_frequent_failure,
)
from pipeline_lib.evaluation.ground_truth import CORNERS
from pipeline_lib.reporting.page.thumbnails import evenly, open_image, thumbnail

SIDE = 160  # pixels of a picture
SHOWN = 12  # pictures of a failure
PICTURE_RULE = (
    f"Of each kind of error up to {SHOWN} images are shown, at equal steps through all of that kind "
    "sorted by the IoU of the true class's box, from the lowest to the highest."
)
RULES = BOX_RULES | {WRONG_CLASS: "The first guess is not the true class, wherever the box is."}


def errors_data(
    diagnosed: pd.DataFrame,
    images: pd.DataFrame,
    true_boxes: pd.DataFrame,
    names: Mapping[str, str],
    root: Path,
    network: str,
) -> dict:
    """Return the JSON object that ``page.errors`` shows.

    ``diagnosed`` is the table of ``diagnose``, ``images`` the manifest of the images below ``root``,
    ``true_boxes`` its boxes, ``names`` the classes' names by label, ``network`` the network's name.
    """
    counts = failure_counts(diagnosed)
    cross = cross_counts(diagnosed)
    row_of = {name: row for row, name in enumerate(images["image_id"])}
    boxes_of = dict(list(true_boxes.groupby("image_id")[CORNERS]))

    def shown(failure: str) -> list[dict]:
        kind = diagnosed[diagnosed["failure"] == failure].sort_values(["iou", "image_id"])
        chosen = kind.iloc[evenly(len(kind), SHOWN)]
        return [
            _picture(row, images, row_of[row.image_id], boxes_of[row.image_id], names, root)
            for row in chosen.itertuples()
        ]

    return {
        "network": network,
        "n": len(diagnosed),
        "picture_rule": PICTURE_RULE,
        "failures": [
            {"name": name, "rule": RULES[name], "count": counts[name]}
            | {"pictures": [] if name == RIGHT else shown(name)}
            for name in FAILURES
        ],
        "cross": [
            {"outcome": outcome, "class_right": int(right), "class_wrong": int(wrong)}
            for outcome, right, wrong in zip(BOX_OUTCOMES, *cross.to_numpy(), strict=True)
        ],
        "sizes": [
            {"low": 100 * low, "high": 100 * high, "n": len(part)}
            | (_percents(part) if len(part) else {})
            for low, high, part in by_size(diagnosed)
        ],
        "classes": [
            _class(label, part, names) for label, part in diagnosed.groupby("label", sort=True)
        ],
    }


def _percents(diagnosed: pd.DataFrame) -> dict[str, list[float]]:
    """Return the accuracies by name, each as value, low, high in percent."""
    rates = accuracies(diagnosed)
    return {name: [round(100 * value, 2) for value in rate] for name, rate in rates.items()}


def _class(label: str, diagnosed: pd.DataFrame, names: Mapping[str, str]) -> dict:
    failure, count = most_frequent_failure(diagnosed)
    facts = {"label": label, "name": short_name(names, label), "n": len(diagnosed)}
    return facts | _percents(diagnosed) | {"failure": failure, "failures": count}


def _picture(
    row: tuple,
    images: pd.DataFrame,
    index: int,
    true_boxes: pd.DataFrame,
    names: Mapping[str, str],
    root: Path,
) -> dict:
    return {
        "image_id": row.image_id,
        "name": short_name(names, row.label),
        "guess": short_name(names, row.guess) if row.guess else "",
        "class_right": bool(row.true_rank == 1),
        "outcome": row.box_outcome,
        "iou": round(float(row.iou), 3),
        "width": int(images["width"].iloc[index]),
        "height": int(images["height"].iloc[index]),
        "box": [float(getattr(row, corner)) for corner in CORNERS],
        "true_boxes": true_boxes.to_numpy(float).tolist(),
        "picture": thumbnail(open_image(images, root, index), SIDE),
    }
