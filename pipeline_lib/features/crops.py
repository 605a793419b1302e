"""Which part of each image features are of."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.manifest import read_csv

_CORNERS = ["x0", "y0", "x1", "y1"]


def read_boxes(path: Path, image_id: Sequence[str]) -> np.ndarray:
    """Return the (n, 4) half-open boxes of the images, in their order, from a table of boxes.

    That is a manifest's, or one that ``localize`` drew: of its boxes the first guess's is taken, the
    loose one.

    Raises InputError where an image has no box or several, or corners are no numbers.
    """
    table = read_csv(path, ("image_id", *_CORNERS))
    for column, wanted in (("rank", 1), ("fit", "loose")):
        if column in table:
            table = table[table[column] == wanted]
    table = table.set_index("image_id")[_CORNERS]
    lacking = [name for name in image_id if name not in table.index]
    if lacking:
        raise InputError(f"{path}: has no box for image {lacking[0]}; draw or index it anew")
    twice = table.index[table.index.duplicated() & table.index.isin(image_id)]
    if len(twice):
        raise InputError(f"{path}: has several boxes for image {twice[0]}; keep the one to crop to")
    boxes = table.loc[list(image_id)].apply(pd.to_numeric, errors="coerce").to_numpy(float)
    if not np.isfinite(boxes).all():
        raise InputError(f"{path}: a box has a corner that is no number; draw or index it anew")
    return boxes
