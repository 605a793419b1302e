"""Explaining single photographs: their most likely classes and the heat maps of these."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pipeline_lib.common.images import SHOWN, Picture, open_rgb
from pipeline_lib.localization.explainers import Explainer
from pipeline_lib.localization.forward import predict
from pipeline_lib.localization.heat_maps import upsample


class ExplainedPhotograph(NamedTuple):
    """A photograph, (H, W, 3) uint8, and its top classes: labels, (k,) scores, (H, W) heat maps."""

    photograph: np.ndarray
    labels: list[str]
    scores: np.ndarray
    heat_maps: list[np.ndarray]


def explain_photographs(
    explainer: Explainer, paths: Sequence[Path], *, batch: int, workers: int, interpolation: str
) -> list[ExplainedPhotograph]:
    """Predict photographs from one crop each, and return their explanations in the same order."""
    photographs = [np.asarray(open_rgb(path, SHOWN, advice="choose another")) for path in paths]
    unknown = np.full(len(paths), -1)
    batches = list(
        predict(
            explainer, [Picture(path, SHOWN) for path in paths], unknown,
            crops=1, batch=batch, workers=workers,
        )
    )  # fmt: skip
    classes, scores, maps = (
        np.concatenate([batch[key] for batch in batches]) for key in ("classes", "scores", "maps")
    )
    explanations = []
    for photograph, top, score, planes in zip(photographs, classes, scores, maps, strict=True):
        height, width, _ = photograph.shape
        heat_maps = [upsample(plane, width, height, interpolation) for plane in planes[:, 0]]
        labels = [explainer.class_labels[index] for index in top]
        explanations.append(ExplainedPhotograph(photograph, labels, score, heat_maps))
    return explanations
