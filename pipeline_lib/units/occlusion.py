"""Measured receptive fields: how much a unit's activation drops as parts of the image are occluded.

The method is that of Zhou et al., Object detectors emerge in deep scene CNNs, ICLR 2015, as in section 5
of the paper: an occluder slides over the images that activate a unit most; the drops in activation are
centred on its peak and averaged.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from pipeline_lib.common.batches import Batches
from pipeline_lib.units.receptive_field import ReceptiveField
from pipeline_lib.units.unit_maps import UnitMaps

PAPER_INPUT = 227  # side in pixels of the input that the settings of occluder and stride refer to


@dataclass(frozen=True)
class Occluder:
    """A square of ``size`` pixels at every ``stride``-th pixel of the network's input."""

    size: int
    stride: int

    @classmethod
    def scaled(cls, size: float, stride: float, side: int) -> "Occluder":
        """Scale an occluder for an input of 227 pixels to one of ``side``, in whole pixels."""
        scale = side / PAPER_INPUT
        return cls(max(1, round(size * scale)), max(1, round(stride * scale)))

    def shifts(self, size: tuple[int, int], field: ReceptiveField) -> np.ndarray:
        """Return the distances of its centres from a field's centre, in pixels, for both axes.

        They cover all distances at which an occluder in an input of ``size`` can overlap the field.
        """
        reach = min(max(size), max(field.y.size, field.x.size) / 2 + self.size / 2)
        count = int(reach // self.stride)
        return np.arange(-count, count + 1) * self.stride


@dataclass(frozen=True)
class Occlusion:
    """One position of the occluder: its (y, x) index in the shifts, its half-open box in pixels."""

    index: tuple[int, int]
    box: tuple[int, int, int, int]


def occlusions(
    field: ReceptiveField, position: tuple[int, int], occluder: Occluder
) -> tuple[np.ndarray, list[Occlusion]]:
    """Return the initial drops, (shifts, shifts), and the occlusions that have to be computed.

    A drop is NaN where the occluder is outside the image, and 0 where it does not overlap the field.
    """
    height, width = field.size
    shifts = occluder.shifts(field.size, field)
    drop = np.full((len(shifts),) * 2, np.nan)
    (centre_y, centre_x), visible = field.centre(position), field.box(position)
    to_compute = []
    for i, dy in enumerate(shifts):
        for j, dx in enumerate(shifts):
            middle_x, middle_y = centre_x + dx, centre_y + dy
            if not (0 <= middle_x < width and 0 <= middle_y < height):
                continue
            x0, y0 = (round(middle - occluder.size / 2) for middle in (middle_x, middle_y))
            box = (
                *(max(x0, 0), max(y0, 0)),
                *(min(x0 + occluder.size, width), min(y0 + occluder.size, height)),
            )
            overlaps_x = box[0] < visible[2] and visible[0] < box[2]
            overlaps_y = box[1] < visible[3] and visible[1] < box[3]
            drop[i, j] = 0
            if overlaps_x and overlaps_y:
                to_compute.append(Occlusion((i, j), box))
    return drop, to_compute


@torch.inference_mode()
def activation_drop(
    network: UnitMaps,
    image: torch.Tensor,
    unit: int,
    position: tuple[int, int],
    field: ReceptiveField,
    occluder: Occluder,
    *,
    batches: Batches,
) -> np.ndarray:
    """Return the fraction by which a unit's activation at ``position`` drops, for each shift.

    ``image`` is (3, H, W), normalised; occluded pixels get the mean colour, zero. The result is
    (shifts, shifts) float64, rows along y. It is 1 where the activation becomes 0, negative where it
    rises, and NaN outside the image.
    """
    drop, to_compute = occlusions(field, position, occluder)
    original = float(_activation(network, image[None], unit, position)[0])
    work = partial(_occluded_activations, network, image, unit, position, to_compute)
    values = np.concatenate([np.empty(0), *batches.run(work, len(to_compute))])
    if to_compute:
        rows, columns = zip(*(occlusion.index for occlusion in to_compute), strict=True)
        drop[rows, columns] = 1 - values / max(original, 1e-12)
    return drop


def _occluded_activations(
    network: UnitMaps,
    image: torch.Tensor,
    unit: int,
    position: tuple[int, int],
    to_compute: Sequence[Occlusion],
    batch: slice,
) -> np.ndarray:
    """Return the unit's activation, (m,) float64, with each of a ``batch`` of occlusions."""
    occluded = to_compute[batch]
    images = image.expand(len(occluded), -1, -1, -1).contiguous(memory_format=torch.channels_last)
    for copy, occlusion in zip(images, occluded, strict=True):
        x0, y0, x1, y1 = occlusion.box
        copy[:, y0:y1, x0:x1] = 0
    return _activation(network, images, unit, position).double().cpu().numpy()


def mean_drop(drops: list[np.ndarray]) -> np.ndarray:
    """Return the mean of several images' drops at each shift, NaN where all are NaN."""
    stacked = np.stack(drops)
    known = np.isfinite(stacked)
    total = np.where(known, stacked, 0).sum(0)
    return np.where(known.any(0), total / np.maximum(known.sum(0), 1), np.nan)


def _activation(
    network: UnitMaps, images: torch.Tensor, unit: int, position: tuple[int, int]
) -> torch.Tensor:
    maps, _ = network(images)
    return maps[:, unit, position[0], position[1]]
