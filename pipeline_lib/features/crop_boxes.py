"""The boxes that images are cropped to before their features are extracted."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.manifest import read_csv

_CORNERS = ["x0", "y0", "x1", "y1"]


def read_crop_boxes(path: Path, image_id: Sequence[str]) -> np.ndarray:
    """Return the images' boxes (n, 4), half-open, in the order of ``image_id``, from a table of boxes.

    The table is a manifest's, or one that ``localize`` wrote: of its boxes, the loose one of the top
    prediction is used. Raises InputError if an image has no box or several, or a corner is not a finite
    number.
    """
    table = read_csv(path, ("image_id", *_CORNERS))
    for column, wanted in (("rank", 1), ("fit", "loose")):
        if column in table:
            table = table[table[column] == wanted]
    table = table.set_index("image_id")[_CORNERS]
    missing = [name for name in image_id if name not in table.index]
    if missing:
        raise InputError(f"{path}: has no box for image {missing[0]}; make the boxes again")
    repeated = table.index[table.index.duplicated() & table.index.isin(image_id)]
    if len(repeated):
        raise InputError(
            f"{path}: has several boxes for image {repeated[0]}; keep only one of them"
        )
    boxes = table.loc[list(image_id)].apply(pd.to_numeric, errors="coerce").to_numpy(float)
    if not np.isfinite(boxes).all():
        raise InputError(f"{path}: a corner of a box is not a number; make the boxes again")
    return boxes
