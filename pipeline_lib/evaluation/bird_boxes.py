"""How often boxes overlap the true box of a bird by half, beside how often baselines by chance do."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from pipeline_lib.common.command import log
from pipeline_lib.common.errors import InputError
from pipeline_lib.evaluation.chance import chance_rates
from pipeline_lib.evaluation.ground_truth import CORNERS
from pipeline_lib.evaluation.ilsvrc import box_is_right
from pipeline_lib.evaluation.transfer import Outcomes, summarise

BOX_SETTINGS = ("box_method", "threshold", "interpolation")
# In percent of the n test images; the settings of the boxes are empty for chance.
BIRD_BOX_COLUMNS = ("row", "value", "low", "high", "n", *BOX_SETTINGS)


def check_one_box_each(boxes: pd.DataFrame, images: pd.DataFrame, path: Path) -> None:
    """Raise InputError, naming the boxes' ``path``, unless each image has exactly one box."""
    names = boxes.loc[boxes["image_id"].isin(images["image_id"]), "image_id"]
    if sorted(names) != sorted(images["image_id"]):
        raise InputError(f"{path}: has not one box for each test image; delete it and rerun")


def score_bird_boxes(
    name: str,
    images: pd.DataFrame,
    boxes: pd.DataFrame,
    settings: Mapping[str, object],
    true_boxes: pd.DataFrame,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return ``BIRD_BOX_COLUMNS``: a row ``name`` for the ``boxes``, then one for each baseline.

    The second table has the image's id and, by row, the probability that its box is right.

    ``images``, with sizes, are the test images; each has one box in both tables. ``settings`` are those
    that the boxes were extracted with.
    """
    predicted, true = (
        table.set_index("image_id").loc[images["image_id"], CORNERS].to_numpy(float)
        for table in (boxes, true_boxes)
    )
    rates = {name: box_is_right(predicted, list(true[:, None])).astype(float)}
    rates |= chance_rates(images, true_boxes)
    names = images["image_id"].to_numpy()
    rows = []
    for row, rate in rates.items():
        value, low, high, _, n = summarise([Outcomes(names, rate)])
        used = [settings[key] for key in BOX_SETTINGS] if row == name else ["", None, ""]
        rows.append((row, value, low, high, n, *used))
        log.info("%s: %.1f %% right", row, value)
    by_image = pd.DataFrame({"image_id": names, **rates})
    return pd.DataFrame(rows, columns=list(BIRD_BOX_COLUMNS)), by_image
