"""Inspection of selected units: their maps of their top images, and their measured receptive fields."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import torch

from pipeline_lib.common.batches import Batches
from pipeline_lib.common.command import progress
from pipeline_lib.common.images import Picture
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
        self, pictures: Sequence[Picture], preprocessing: Preprocessing, device: torch.device
    ) -> None:
        self._images = WarpedImages(pictures, preprocessing.size)
        self._preprocessing, self.device = preprocessing, device

    def __getitem__(self, index: int) -> torch.Tensor:
        mean, std = self._preprocessing.mean, self._preprocessing.std
        return normalised(self._images[index][None], mean, std, self.device)[0]


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

    Without an occluder, the drops are empty. A batch that does not fit the memory is halved.
    """
    maps, drops, batches = [], [], Batches(batch, inputs.device)
    for unit in progress(units.tolist(), "occluding"):
        images = [inputs[index] for index in survey.images[unit][: max(shown, occluded)].tolist()]
        work = partial(_unit_maps, network, torch.stack(images[:shown]), unit)
        maps.append(np.concatenate(list(batches.run(work, len(images[:shown])))))
        if occluder is not None:
            positions = survey.positions[unit][:occluded].tolist()
            drops.append(
                mean_drop(
                    [
                        activation_drop(
                            *(network, image, unit, tuple(position), field, occluder),
                            batches=batches,
                        )
                        for image, position in zip(images, positions, strict=False)
                    ]
                )
            )
    return Inspection(np.array(maps, np.float32), np.array(drops, np.float32))


@torch.inference_mode()
def _unit_maps(network: UnitMaps, images: torch.Tensor, unit: int, batch: slice) -> np.ndarray:
    """Return the unit's maps (m, h, w) float32 of a ``batch`` of the images."""
    return network(images[batch])[0][:, unit].float().cpu().numpy()
