"""A closer look at a few units: their maps of their top images, and their measured receptive fields."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from pipeline_lib.common.command import progress
from pipeline_lib.data.loader import WarpedImages, normalised
from pipeline_lib.networks.card import Preprocessing
from pipeline_lib.units.geometry import ReceptiveField
from pipeline_lib.units.occlusion import Occluder, averaged, changes
from pipeline_lib.units.survey import Survey
from pipeline_lib.units.uncapped import UnitMaps


class Looked(NamedTuple):
    """``maps`` (m, s, h, w) and ``change`` (m, g, g), float32, of m units; see the units file."""

    maps: np.ndarray
    change: np.ndarray


class Pictures:
    """The images of a manifest as a network takes them: item ``index`` is (3, H, W), normalised."""

    def __init__(
        self, root: Path, paths: Sequence[str], preprocessing: Preprocessing, device: torch.device
    ) -> None:
        self._images = WarpedImages(root, paths, preprocessing.size)
        self._preprocessing, self._device = preprocessing, device

    def __getitem__(self, index: int) -> torch.Tensor:
        mean, std = self._preprocessing.mean, self._preprocessing.std
        return normalised(self._images[index][None], mean, std, self._device)[0]


def look_at(
    units: np.ndarray,
    network: UnitMaps,
    seen: Survey,
    field: ReceptiveField,
    pictures: Pictures,
    *,
    shown: int,
    occluder: Occluder | None,
    occluded: int,
    batch: int,
) -> Looked:
    """Return the units' maps of their ``shown`` top images, and the mean change in ``occluded``.

    Without an occluder nothing is hidden, and the changes are empty.
    """
    maps, change = [], []
    for unit in progress(units.tolist(), "occluding"):
        images = [pictures[index] for index in seen.images[unit][: max(shown, occluded)].tolist()]
        with torch.inference_mode():
            maps.append(network(torch.stack(images[:shown]))[0][:, unit].float().cpu().numpy())
        if occluder is not None:
            places = seen.places[unit][:occluded].tolist()
            change.append(
                averaged(
                    [
                        changes(network, image, unit, tuple(place), field, occluder, batch=batch)
                        for image, place in zip(images, places, strict=False)
                    ]
                )
            )
    return Looked(np.array(maps, np.float32), np.array(change, np.float32))
