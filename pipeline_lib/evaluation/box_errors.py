"""Why an image counts as wrong: its class, or how the true class's box misses the object.

Each image that localization is scored on has one box outcome, the first of BOX_OUTCOMES that applies;
BOX_RULES says in words what each means. It compares the box of the true class with the image's true
boxes, whatever class was guessed. An image's failure, one of FAILURES, is the first thing that makes
top-1 localization wrong: a wrong class, else the box outcome. Both are disjoint and cover every image.
"""

from itertools import pairwise

import numpy as np
import pandas as pd

from pipeline_lib.common.errors import InputError
from pipeline_lib.evaluation.ground_truth import CORNERS
from pipeline_lib.evaluation.ilsvrc import MIN_IOU, best_overlap
from pipeline_lib.evaluation.interval import wilson_interval
from pipeline_lib.evaluation.iou import iou
from pipeline_lib.localization.heat_maps import TRUE_CLASS

MOST = 0.5  # "most of a box" is at least this fraction of its area
FIRST_GUESS = 1  # its rank in the table of boxes
RIGHT, SEVERAL, TOO_SMALL = "right", "several instances", "too small"
TOO_LARGE, ELSEWHERE, WRONG_CLASS = "too large", "elsewhere", "wrong class"
BOX_OUTCOMES = (RIGHT, SEVERAL, TOO_SMALL, TOO_LARGE, ELSEWHERE)
FAILURES = (RIGHT, WRONG_CLASS, SEVERAL, TOO_SMALL, TOO_LARGE, ELSEWHERE)
BOX_RULES = {
    RIGHT: f"The IoU with one of the true boxes is at least {MIN_IOU}.",
    SEVERAL: f"The box holds at least {MOST:.0%} of each of two or more true boxes, or has an IoU of "
    f"at least {MIN_IOU} with the box around all the true boxes that it touches, if these are two or "
    "more.",
    TOO_SMALL: f"At least {MOST:.0%} of the box lies in a true box. If it also holds that much of a "
    "true box, the larger of the two fractions decides between this and too large.",
    TOO_LARGE: f"The box holds at least {MOST:.0%} of a true box.",
    ELSEWHERE: f"Less than {MOST:.0%} of the box lies in any true box, and it holds less than "
    f"{MOST:.0%} of any.",
}
# Lower and upper ends of the bins of object size, fractions of the image's area; the last bin has both.
SIZE_EDGES = (0.0, 0.05, 0.1, 0.2, 0.4, 1.0)
TOP_1_CLASS, TOP_1_LOC, GT_KNOWN = "classification", "localization", "gt_known"
DIAGNOSIS_COLUMNS = (
    *("image_id", "label", "guess", "true_rank", "iou", "box_outcome", "failure"),
    *("object_fraction", "true_boxes", *CORNERS),
)
_SAME = 1e-6  # IoUs that differ by less are equal: those of a CSV are rounded


def box_outcome(box: np.ndarray, true_boxes: np.ndarray) -> str:
    """Return the outcome, one of BOX_OUTCOMES, of a (4,) half-open box in an image's (m, 4) true boxes.

    Raises ValueError without a true box.
    """
    if not len(true_boxes):
        raise ValueError("an image without a true box has no box outcome")
    if best_overlap(box[None], true_boxes)[0] >= MIN_IOU:
        return RIGHT
    shared = _shared_areas(box, true_boxes)
    inside = _fractions(shared, _areas(box[None])).max()
    held = _fractions(shared, _areas(true_boxes))
    if (held >= MOST).sum() > 1 or _around_overlap(box, true_boxes[shared > 0]) >= MIN_IOU:
        return SEVERAL
    if max(inside, held.max()) < MOST:
        return ELSEWHERE
    return TOO_SMALL if inside >= held.max() else TOO_LARGE


def object_fraction(true_boxes: np.ndarray, width: float, height: float) -> float:
    """Return the area of the largest of (m, 4) true boxes as a fraction of the image's, at most 1."""
    return min(1.0, float(_areas(true_boxes).max() / (width * height)))


def diagnose(
    outcomes: pd.DataFrame, boxes: pd.DataFrame, images: pd.DataFrame, true_boxes: pd.DataFrame
) -> pd.DataFrame:
    """Return DIAGNOSIS_COLUMNS for each image with an IoU in ``outcomes``, in their order.

    ``boxes`` are those that the outcomes were computed from, ``images`` the manifest, ``true_boxes`` its
    boxes. ``true_rank`` is 0 where the true class is not among the guesses; the corners are those of
    the true class's box; ``true_boxes`` is their number. Raises InputError if the tables do not belong
    together, or if no image has an IoU.
    """
    scored = outcomes[outcomes["iou"].notna()]
    if scored.empty:
        raise InputError("localization is scored on no image, so there is no box to diagnose")
    loose = boxes[boxes["fit"] == "loose"]
    own = loose[loose["rank"] == TRUE_CLASS].set_index("image_id")[CORNERS]
    guesses = loose[loose["rank"] == FIRST_GUESS].set_index("image_id")["class"]
    boxes_of = {
        name: group[CORNERS].to_numpy(float) for name, group in true_boxes.groupby("image_id")
    }
    manifest = images.set_index("image_id")
    names = scored["image_id"]
    for table, known in (
        ("boxes", own.index),
        ("true boxes", boxes_of),
        ("images", manifest.index),
    ):
        absent = names[~names.isin(known)]
        if len(absent):
            raise InputError(f"the {table} lack the image {absent.iloc[0]} of the outcomes")
    sizes = manifest.loc[names, ["width", "height"]].to_numpy(float)
    corners = own.loc[names].to_numpy(float)
    labels = manifest.loc[names, "label"].to_list()
    guessed = guesses.reindex(names, fill_value="").to_list()
    columns = zip(scored.itertuples(), labels, guessed, corners, sizes, strict=True)
    rows = []
    for row, label, guess, box, size in columns:
        true = boxes_of[row.image_id]
        if abs(best_overlap(box[None], true)[0] - row.iou) > _SAME:
            raise InputError(f"{row.image_id}: the IoU of its box is not that of the outcomes")
        outcome = box_outcome(box, true)
        failure = outcome if row.true_rank == 1 else WRONG_CLASS
        fraction = object_fraction(true, *size)
        facts = (row.image_id, label, guess, int(row.true_rank), row.iou, outcome, failure)
        rows.append((*facts, fraction, len(true), *box))
    return pd.DataFrame(rows, columns=list(DIAGNOSIS_COLUMNS))


def cross_counts(diagnosed: pd.DataFrame) -> pd.DataFrame:
    """Return how many images have each box outcome, by whether the class is right: bool by outcome."""
    counts = pd.crosstab(diagnosed["true_rank"] == 1, diagnosed["box_outcome"])
    return counts.reindex(index=[True, False], columns=list(BOX_OUTCOMES), fill_value=0)


def failure_counts(diagnosed: pd.DataFrame) -> dict[str, int]:
    """Return how many images have each of FAILURES; their sum is the number of images."""
    counts = diagnosed["failure"].value_counts()
    return {failure: int(counts.get(failure, 0)) for failure in FAILURES}


def accuracies(diagnosed: pd.DataFrame) -> dict[str, tuple[float, float, float]]:
    """Return accuracies in [0, 1] with Wilson's 95 % intervals: (value, low, high).

    They are top-1 classification, top-1 localization and GT-known localization, all on these images.
    Raises ValueError without an image.
    """
    class_right = (diagnosed["true_rank"] == 1).to_numpy()
    box_right = (diagnosed["box_outcome"] == RIGHT).to_numpy()
    outcomes = {
        TOP_1_CLASS: class_right,
        TOP_1_LOC: class_right & box_right,
        GT_KNOWN: box_right,
    }
    return {
        name: (float(right.mean()), *wilson_interval(right)) for name, right in outcomes.items()
    }


def by_size(diagnosed: pd.DataFrame) -> list[tuple[float, float, pd.DataFrame]]:
    """Return the lower and upper end of each bin of object size, and the images in it, maybe none."""
    bins = np.digitize(diagnosed["object_fraction"], SIZE_EDGES[1:-1])
    ends = enumerate(pairwise(SIZE_EDGES))
    return [(low, high, diagnosed[bins == index]) for index, (low, high) in ends]


def most_frequent_failure(diagnosed: pd.DataFrame) -> tuple[str, int]:
    """Return the failure that most images have, other than RIGHT, and their number; ("", 0) if none.

    Of equal numbers the first in FAILURES counts.
    """
    counts = {name: n for name, n in failure_counts(diagnosed).items() if name != RIGHT and n}
    if not counts:
        return "", 0
    name = max(counts, key=counts.get)
    return name, counts[name]


def _areas(boxes: np.ndarray) -> np.ndarray:
    return np.prod(np.clip(boxes[:, 2:] - boxes[:, :2], 0, None), axis=1)


def _shared_areas(box: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the areas that a (4,) box shares with each of (m, 4) others, (m,)."""
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    return np.prod(np.clip(high - low, 0, None), axis=1)


def _fractions(shared: np.ndarray, areas: np.ndarray) -> np.ndarray:
    """Return shared areas as fractions of areas; zero of an empty box."""
    shared, areas = np.broadcast_arrays(shared.astype(float), areas)
    return np.divide(shared, areas, out=np.zeros_like(shared), where=areas > 0)


def _around_overlap(box: np.ndarray, touched: np.ndarray) -> float:
    """Return the IoU of a box with the box around two or more (m, 4) boxes, else zero."""
    if len(touched) < 2:
        return 0.0
    around = np.concatenate([touched[:, :2].min(axis=0), touched[:, 2:].max(axis=0)])
    return float(iou(box[None], around[None])[0, 0])
