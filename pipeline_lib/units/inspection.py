"""Inspection of selected units: their maps of their top images, and their measured receptive fields."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from pipeline_lib.common.command import progress
from pipeline_lib.data.loader import WarpedImages, normalised
from pipeline_lib.networks.card import Preprocessing
from pipeline_lib.units.occlusion import Occluder, activation_drop, mean_drop
from pipeline_lib.units.receptive_field import ReceptiveField
from pipeline_lib.units.survey import Survey
from pipeline_lib.units.unit_maps import UnitMaps


class Inspection(NamedTuple):
    """``maps`` (m, s, h, w) and ``drop`` (m, g, g), float32, of m units; see ``units_file``."""

    maps: np.ndarray
    drop: np.ndarray


class InputImages:
    """The images of a manifest as a network's input: item ``index`` is (3, H, W), normalised."""

    def __init__(
        self, root: Path, paths: Sequence[str], preprocessing: Preprocessing, device: torch.device
    ) -> None:
        self._images = WarpedImages(root, paths, preprocessing.size)
        self._preprocessing, self._device = preprocessing, device

    def __getitem__(self, index: int) -> torch.Tensor:
        mean, std = self._preprocessing.mean, self._preprocessing.std
        return normalised(self._images[index][None], mean, std, self._device)[0]


def inspect(
    units: np.ndarray,
    network: UnitMaps,
    survey: Survey,
    field: ReceptiveField,
    inputs: InputImages,
    *,
    shown: int,
    occluder: Occluder | None,
    occluded: int,
    batch: int,
) -> Inspection:
    """Return the maps of the ``shown`` top images of each unit, and its mean drop in ``occluded``.

    Without an occluder, the drops are empty.
    """
    maps, drops = [], []
    for unit in progress(units.tolist(), "occluding"):
        images = [inputs[index] for index in survey.images[unit][: max(shown, occluded)].tolist()]
        with torch.inference_mode():
            maps.append(network(torch.stack(images[:shown]))[0][:, unit].float().cpu().numpy())
        if occluder is not None:
            positions = survey.positions[unit][:occluded].tolist()
            drops.append(
                mean_drop(
                    [
                        activation_drop(
                            *(network, image, unit, tuple(position), field, occluder), batch=batch
                        )
                        for image, position in zip(images, positions, strict=False)
                    ]
                )
            )
    return Inspection(np.array(maps, np.float32), np.array(drops, np.float32))
