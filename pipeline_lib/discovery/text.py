"""How well class maps find words: maps of a classifier trained only on which images have words.

Columns of the tables, rates in [0, 1]:

- measures: a row per measure of ``map_measures`` and map, and the ratio of the class map's mean to the
  uniform map's, with its 95 % bootstrap interval over the n test images that have words; ``threshold``
  and ``interpolation``, with which they were measured, in every row
- images: each test image with words, its decision value, and the measures of the class map, of a
  centred and of a uniform map
"""

import numpy as np
import pandas as pd

from pipeline_lib.common.command import progress
from pipeline_lib.data.manifest import PRESENT
from pipeline_lib.discovery.map_measures import (
    MEASURES,
    box_mask,
    centred_map,
    measure_map,
    measure_uniform_map,
)
from pipeline_lib.evaluation.ground_truth import CORNERS
from pipeline_lib.evaluation.interval import ratio_interval
from pipeline_lib.localization.heat_maps import TRUE_CLASS, heat_map
from pipeline_lib.localization.predictions import Predictions

CLASS_MAP, CENTRED, UNIFORM, RATIO = "class map", "centred", "uniform", "ratio to uniform"
TEXT_MEASURE_COLUMNS = (
    *("measure", "map", "value", "low", "high", "n"),
    *("threshold", "interpolation"),
)
BASELINES = (CENTRED, UNIFORM)
TEXT_IMAGE_COLUMNS = (
    *("image_id", "score", *MEASURES, "area"),
    *(f"{name}, {kind}" for kind in BASELINES for name in MEASURES),
)


def measure_text_maps(
    predictions: Predictions,
    images: pd.DataFrame,
    true_boxes: pd.DataFrame,
    splits: pd.DataFrame,
    *,
    threshold: float,
    interpolation: str,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the tables of measures and of images (see the module); maps are read one by one.

    ``threshold``, a fraction of a map's maximum, is that of strong mass.
    """
    test = splits[splits["subset"] == "test"]
    has_words = dict(zip(test["image_id"], test["label"] == PRESENT, strict=True))
    boxes = dict(list(true_boxes.groupby("image_id")[list(CORNERS)]))
    rows, baselines = [], []
    for index, image_id in enumerate(progress(predictions.image_id, "measuring")):
        if not has_words.get(image_id):
            continue
        width, height = (int(images[side].iloc[index]) for side in ("width", "height"))
        mask = box_mask(boxes[image_id].to_numpy(float), width, height)
        heat = heat_map(predictions, index, TRUE_CLASS, width, height, interpolation)
        values = measure_map(heat, mask, threshold)
        centred = measure_map(centred_map(width, height), mask, threshold)
        uniform = measure_uniform_map(mask)
        baselines.append((centred, uniform))
        score = float(predictions.scores[index, 0])
        rows.append((image_id, score, *values, float(mask.mean()), *centred, *uniform))
    by_image = pd.DataFrame(rows, columns=list(TEXT_IMAGE_COLUMNS))
    by_map = {CLASS_MAP: by_image[list(MEASURES)].to_numpy(float)}
    by_map |= dict(zip(BASELINES, np.array(baselines).swapaxes(0, 1), strict=True))
    settings = (threshold, interpolation)
    measures = [
        (name, kind, *ratio_interval(values[:, k]), len(by_image), *settings)
        for k, name in enumerate(MEASURES)
        for kind, values in by_map.items()
    ]
    for k, name in enumerate(MEASURES):
        ratio = ratio_interval(by_map[CLASS_MAP][:, k], by_map[UNIFORM][:, k])
        measures.append((name, RATIO, *ratio, len(by_image), *settings))
    return pd.DataFrame(measures, columns=list(TEXT_MEASURE_COLUMNS)), by_image
