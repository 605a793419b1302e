"""The boxes of a whole predictions file, as a table, by one of three rules."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline_lib.common.command import progress
from pipeline_lib.common.errors import InputError
from pipeline_lib.common.images import open_rgb
from pipeline_lib.localization.authors import authors_boxes
from pipeline_lib.localization.boxes import Box, paper_box
from pipeline_lib.localization.graphcut import graphcut_box
from pipeline_lib.localization.heat import MAX, SUM, TRUE_CLASS, heat_map
from pipeline_lib.localization.predictions import Predictions

RULES = ("paper", "authors", "graphcut")
FITS = ("loose", "tight")  # the authors' first and second box; the other rules have one, "loose"
COLUMNS = ("image_id", "rank", "class", "score", "fit", "x0", "y0", "x1", "y1", "rule")


def draw_boxes(
    predictions: Predictions,
    images: pd.DataFrame,
    rule: str,
    *,
    threshold: float,
    interpolation: str,
    root: Path | None = None,
) -> pd.DataFrame:
    """Return rows of ``COLUMNS``: each image's true class (rank 0, no score), then its guesses.

    Boxes are half-open, in pixels of the image. ``threshold`` and ``interpolation`` are the rule
    paper's; the rule graphcut looks at the photographs below ``root``. The authors' rule gives a
    loose and a tight box, the same one twice where it finds only one. Raises InputError for images
    without a size and for a rule that does not go with the maps.
    """
    if images[["width", "height"]].isna().any(axis=None):
        raise InputError(f"{predictions.name}: the manifest lacks sizes, so boxes cannot be drawn")
    if (rule == "graphcut") and (predictions.method != "backprop" or root is None):
        raise InputError(f"{predictions.name}: rule graphcut needs backprop's maps and --root")
    rows = []
    table = images[["path", "width", "height"]].itertuples(index=False)
    for n, (path, width, height) in enumerate(progress(table, "boxes", total=len(images))):
        boxes: dict[str, list[Box]] = {}
        for rank, label, score in _asked(predictions, n):
            if label not in boxes:  # the true class is mostly among the guesses
                plane = SUM if rule == "authors" else MAX
                size = (int(width), int(height))
                heat = heat_map(predictions, n, rank, *size, interpolation, plane)
                if rule == "paper":
                    boxes[label] = [paper_box(heat, threshold)]
                elif rule == "authors":
                    found = authors_boxes(heat)
                    boxes[label] = [found[0], found[min(1, len(found) - 1)]]
                else:
                    picture = np.asarray(open_rgb(root / path))
                    if picture.shape[:2] != heat.shape:
                        raise InputError(
                            f"{root / path}: is not {width}x{height} as in the manifest; rerun index"
                        )
                    boxes[label] = [graphcut_box(picture, heat)]
            for fit, box in zip(FITS, boxes[label], strict=False):
                rows.append((predictions.image_id[n], rank, label, score, fit, *box, rule))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _asked(predictions: Predictions, n: int) -> Iterator[tuple[int, str, float | None]]:
    """The (rank, label, score) that image ``n`` has a map for."""
    if predictions.true_class[n] >= 0:
        yield TRUE_CLASS, predictions.label_of(int(predictions.true_class[n])), None
    for index, label in enumerate(predictions.labels_of(n)[: predictions.maps.shape[1]]):
        yield index + 1, label, float(predictions.scores[n, index])
