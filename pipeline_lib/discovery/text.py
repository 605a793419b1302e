"""How well words are found by the map of a classifier that only knew which images have some.

Columns of what is written, parts of 1:

- measures: a row for each measure of ``evidence`` and each map, and the ratio of the class map's mean
  to the uniform one's, with its 95 % bootstrap interval over the n test images that have words
- images: each test image with words, its decision value and the class map's measures
"""

import numpy as np
import pandas as pd

from pipeline_lib.common.command import progress
from pipeline_lib.data.manifest import PRESENT
from pipeline_lib.discovery.evidence import MEASURES, centred, inside, measure, uniform
from pipeline_lib.evaluation.ground_truth import CORNERS
from pipeline_lib.evaluation.interval import ratio_interval
from pipeline_lib.localization.heat import TRUE_CLASS, heat_map
from pipeline_lib.localization.predictions import Predictions

CLASS_MAP, CENTRED, UNIFORM, RATIO = "class map", "centred", "uniform", "ratio to uniform"
MEASURE_COLUMNS = ("measure", "map", "value", "low", "high", "n")
IMAGE_COLUMNS = ("image_id", "score", *MEASURES, "area")


def measured(
    predictions: Predictions,
    images: pd.DataFrame,
    true_boxes: pd.DataFrame,
    splits: pd.DataFrame,
    threshold: float,
    interpolation: str,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the measures and the images, see the module; maps are read one by one.

    ``threshold`` is the part of a map's maximum above which its mass is strong.
    """
    tested = splits[splits["part"] == "test"]
    present = dict(zip(tested["image_id"], tested["label"] == PRESENT, strict=True))
    boxes = dict(list(true_boxes.groupby("image_id")[list(CORNERS)]))
    rows, others = [], []
    for index, name in enumerate(progress(predictions.image_id, "measuring")):
        if not present.get(name):
            continue
        width, height = (int(images[side].iloc[index]) for side in ("width", "height"))
        mask = inside(boxes[name].to_numpy(float), width, height)
        heat = heat_map(predictions, index, TRUE_CLASS, width, height, interpolation)
        found = measure(heat, mask, threshold)
        others.append((measure(centred(width, height), mask, threshold), uniform(mask)))
        rows.append((name, float(predictions.scores[index, 0]), *found, float(mask.mean())))
    table = pd.DataFrame(rows, columns=list(IMAGE_COLUMNS))
    by_map = {CLASS_MAP: table[list(MEASURES)].to_numpy(float)}
    by_map |= dict(zip((CENTRED, UNIFORM), np.array(others).swapaxes(0, 1), strict=True))
    measures = [
        (name, kind, *ratio_interval(values[:, k]), len(table))
        for k, name in enumerate(MEASURES)
        for kind, values in by_map.items()
    ]
    measures += [
        (name, RATIO, *ratio_interval(by_map[CLASS_MAP][:, k], by_map[UNIFORM][:, k]), len(table))
        for k, name in enumerate(MEASURES)
    ]
    return pd.DataFrame(measures, columns=list(MEASURE_COLUMNS)), table
