"""Receptive fields as measured: how a unit's activation changes as its input is hidden bit by bit.

Zhou et al., Object detectors emerge in deep scene CNNs, ICLR 2015, which section 5 of the paper
follows: a small occluder slides over the images a unit fires at most; the changes of its activation are
re-centred on its peak and averaged.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from pipeline_lib.units.geometry import ReceptiveField
from pipeline_lib.units.uncapped import UnitMaps

PAPER_INPUT = 227  # the side in pixels that the occluder and its stride are meant for


@dataclass(frozen=True)
class Occluder:
    """A square of ``size`` pixels at every ``stride``-th pixel of the network's input."""

    size: int
    stride: int

    @classmethod
    def scaled(cls, size: float, stride: float, side: int) -> "Occluder":
        """Return the occluder meant for an input of 227 pixels for one of ``side``, whole pixels."""
        scale = side / PAPER_INPUT
        return cls(max(1, round(size * scale)), max(1, round(stride * scale)))

    def shifts(self, size: tuple[int, int], field: ReceptiveField) -> np.ndarray:
        """Return the distances of its middles from a unit's, in pixels, the same along both axes.

        They reach as far as an occluder in an input of ``size`` can be and still be seen.
        """
        reach = min(max(size), max(field.y.size, field.x.size) / 2 + self.size / 2)
        count = int(reach // self.stride)
        return np.arange(-count, count + 1) * self.stride


@dataclass(frozen=True)
class Hidden:
    """Where the occluder lies: its place in the (shifts, shifts) field, its half-open box in pixels."""

    at: tuple[int, int]
    box: tuple[int, int, int, int]


def hidden_boxes(
    field: ReceptiveField, place: tuple[int, int], occluder: Occluder
) -> tuple[np.ndarray, list[Hidden]]:
    """Return the changes known beforehand, (shifts, shifts), and the boxes to hide one by one.

    Beyond the image there is nothing to know (NaN); where the unit does not see the occluder, nothing
    changes (0).
    """
    height, width = field.size
    shifts = occluder.shifts(field.size, field)
    known = np.full((len(shifts),) * 2, np.nan)
    (centre_y, centre_x), seen = field.centre(place), field.box(place)
    boxes = []
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
            sees = box[0] < seen[2] and seen[0] < box[2] and box[1] < seen[3] and seen[1] < box[3]
            known[i, j] = 0
            if sees:
                boxes.append(Hidden((i, j), box))
    return known, boxes


@torch.inference_mode()
def changes(
    network: UnitMaps,
    image: torch.Tensor,
    unit: int,
    place: tuple[int, int],
    field: ReceptiveField,
    occluder: Occluder,
    *,
    batch: int,
) -> np.ndarray:
    """Return by what part a unit's activation at ``place`` falls with the occluder at each shift.

    ``image`` is (3, H, W), normalised; what is hidden gets the mean colour, zero. The result is
    (shifts, shifts) float64, rows along y: 1 silences the unit, below 0 it fires more; NaN beyond the
    image.
    """
    change, boxes = hidden_boxes(field, place, occluder)
    whole = float(_activation(network, image[None], unit, place)[0])
    for part in _parts(boxes, batch):
        images = image.expand(len(part), -1, -1, -1).contiguous(memory_format=torch.channels_last)
        for one, hidden in zip(images, part, strict=True):
            x0, y0, x1, y1 = hidden.box
            one[:, y0:y1, x0:x1] = 0
        values = _activation(network, images, unit, place).double().cpu().numpy()
        rows, columns = zip(*(hidden.at for hidden in part), strict=True)
        change[rows, columns] = 1 - values / max(whole, 1e-12)
    return change


def averaged(changes_of_images: list[np.ndarray]) -> np.ndarray:
    """Return the mean of the images' changes at each shift, NaN where no image reaches."""
    stacked = np.stack(changes_of_images)
    known = np.isfinite(stacked)
    total = np.where(known, stacked, 0).sum(0)
    return np.where(known.any(0), total / np.maximum(known.sum(0), 1), np.nan)


def _activation(
    network: UnitMaps, images: torch.Tensor, unit: int, place: tuple[int, int]
) -> torch.Tensor:
    maps, _ = network(images)
    return maps[:, unit, place[0], place[1]]


def _parts(boxes: list[Hidden], batch: int) -> Iterator[list[Hidden]]:
    for start in range(0, len(boxes), batch):
        yield boxes[start : start + batch]
