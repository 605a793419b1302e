"""The boxes of a whole predictions file, as a table."""

import pandas as pd

from pipeline_lib.common.command import progress
from pipeline_lib.common.errors import InputError
from pipeline_lib.localization.boxes import paper_box, upsample
from pipeline_lib.localization.predictions import Predictions

TRUE_CLASS = 0  # the rank of the box that is drawn for the true class, whatever was predicted
COLUMNS = ("image_id", "rank", "class", "score", "x0", "y0", "x1", "y1", "rule")


def draw_boxes(
    predictions: Predictions, images: pd.DataFrame, threshold: float, interpolation: str
) -> pd.DataFrame:
    """Return a row of ``COLUMNS`` for each of an image's top classes, best first, and its true one.

    Ranks count from 1; the true class, where it is known, has rank 0 and no score. Boxes are those
    of ``paper_box``, half-open, in pixels of the image. Raises InputError for images without a size.
    """
    if images[["width", "height"]].isna().any(axis=None):
        raise InputError(f"{predictions.name}: the manifest lacks sizes, so boxes cannot be drawn")
    rows = []
    sizes = images[["width", "height"]].astype(int).itertuples(index=False)
    for n, (width, height) in enumerate(progress(sizes, "boxes", total=len(images))):
        guesses = [
            (rank + 1, label, float(predictions.scores[n, rank]), predictions.maps[n, rank])
            for rank, label in enumerate(predictions.labels_of(n))
        ]
        if predictions.true_class[n] >= 0:
            truth = predictions.label_of(int(predictions.true_class[n]))
            guesses.append((TRUE_CLASS, truth, None, predictions.true_map[n]))
        for rank, label, score, class_map in guesses:
            box = paper_box(upsample(class_map, width, height, interpolation), threshold)
            rows.append((predictions.image_id[n], rank, label, score, *box, "paper"))
    return pd.DataFrame(rows, columns=list(COLUMNS))
