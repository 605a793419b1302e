"""Explaining photographs: their most likely classes, and a heat map and a box of each class."""

import math
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.images import SHOWN, Picture, open_rgb
from pipeline_lib.data.loader import WarpedImages
from pipeline_lib.localization.components import Box
from pipeline_lib.localization.explainers import Explainer
from pipeline_lib.localization.extraction import BoxExtraction
from pipeline_lib.localization.forward import Explained, explain
from pipeline_lib.localization.heat_maps import heat_map
from pipeline_lib.localization.predictions import Predictions

# Boxes are made at the photograph's size up to this side: at more, a map of a few places a side has
# nothing to tell, and one of 48 megapixels would take a gigabyte.
_MAX_SIDE = 1024
PANEL = (400, 800)  # (width, height) of a photograph on the sheet, at most
_AHEAD = 4  # batches whose boxes may be waiting


@dataclass(frozen=True)
class MapOfClass:
    """A class: index, score, (planes, h, w) map at mapping resolution, and box in pixels."""

    index: int
    score: float
    planes: np.ndarray
    box: Box


@dataclass(frozen=True)
class ExplainedPhotograph:
    """A photograph of (width, height) ``size`` as a viewer shows it, and what the network says of it.

    ``classes`` and ``scores`` are the top ones, best first; ``maps`` those of the classes asked for.
    ``picture`` is (H, W, 3) uint8, reduced, with a ``heat_maps`` (H, W) for each map, or None without
    a row in the sheet.
    """

    path: Path
    size: tuple[int, int]
    classes: list[int]
    scores: list[float]
    maps: list[MapOfClass]
    picture: np.ndarray | None
    heat_maps: list[np.ndarray]


class Photographs(WarpedImages):
    """Photographs as a viewer shows them, warped to (height, width); each is decoded once.

    ``sizes`` are their (width, height), ``reduced`` the first ``rows`` that can be decoded, no larger
    than ``panel`` (width, height), ``faults`` the errors of those that cannot, whose pixels are zero.
    """

    def __init__(
        self, paths: Sequence[Path], size: tuple[int, int], rows: int, panel: tuple[int, int]
    ) -> None:
        super().__init__([Picture(path, SHOWN) for path in paths], size)
        self.panel = panel
        self.sizes: dict[int, tuple[int, int]] = {}
        self.reduced: dict[int, np.ndarray] = {}
        self.faults: dict[int, InputError] = {}
        self._free_rows = iter(range(rows))  # threads share it

    def __getitem__(self, index: int) -> torch.Tensor:
        try:
            return super().__getitem__(index)
        except InputError as error:
            self.faults[index] = error
            return torch.zeros(*self.size, 3, dtype=torch.uint8)

    def _image(self, index: int) -> Image.Image:
        image = open_rgb(*self.pictures[index], advice="choose another")
        self.sizes[index] = image.size
        if next(self._free_rows, None) is not None:
            self.reduced[index] = np.asarray(_within(image, self.panel))
        return image


def explain_photographs(
    explainer: Explainer,
    photographs: Photographs,
    *,
    top: int,
    chosen: Sequence[int],
    crops: int,
    boxes: BoxExtraction,
    batch: int,
    workers: int,
) -> Iterator[ExplainedPhotograph]:
    """Explain photographs in their order; those that cannot be decoded are left out (``faults``).

    Maps are of the ``chosen`` classes, by index, or if there is none, of the ``top`` ones. A box of a
    photograph with a side above 1,024 is made at a reduced size, and rounded to whole pixels. Boxes
    are made in a thread beside the network.
    """

    def classes_to_map(guesses: torch.Tensor, _: slice) -> torch.Tensor:
        return torch.tensor([chosen]).expand(len(guesses), -1) if chosen else guesses

    batches = explain(
        explainer, photographs, classes_to_map,
        top=top, crops=crops, batch=batch, workers=workers,
    )  # fmt: skip
    done = 0
    with ThreadPoolExecutor(1, "boxes") as pool:
        waiting: deque = deque()
        for result in batches:
            waiting.append(pool.submit(_rows, explainer, photographs, done, result, crops, boxes))
            done += len(result.classes)
            while len(waiting) > _AHEAD:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()


def _rows(
    explainer: Explainer,
    photographs: Photographs,
    done: int,
    result: Explained,
    crops: int,
    boxes: BoxExtraction,
) -> list[ExplainedPhotograph]:
    """Return what was found of a batch whose first photograph has position ``done``."""
    predictions = _as_predictions(explainer, photographs, done, result, crops)
    ranks = range(1, result.maps.shape[1] + 1)
    rows = []
    for n in range(len(result.classes)):
        position = done + n
        if position in photographs.faults:
            continue
        size = photographs.sizes[position]
        picture = photographs.reduced.pop(position, None)
        heat_maps = []
        if picture is not None:
            height, width, _ = picture.shape
            heat_maps = [
                heat_map(predictions, n, rank, width, height, boxes.interpolation, boxes.plane)
                for rank in ranks
            ]
        maps = [
            MapOfClass(
                index=int(result.mapped[n, rank - 1]),
                score=float(result.mapped_scores[n, rank - 1]),
                planes=result.maps[n, rank - 1],
                box=_box(boxes, predictions, n, rank, size),
            )
            for rank in ranks
        ]
        rows.append(
            ExplainedPhotograph(
                path=photographs.pictures[position].path,
                size=size,
                classes=result.classes[n].tolist(),
                scores=result.scores[n].tolist(),
                maps=maps,
                picture=picture,
                heat_maps=heat_maps,
            )
        )
    return rows


def _as_predictions(
    explainer: Explainer, photographs: Photographs, done: int, result: Explained, crops: int
) -> Predictions:
    """Return a batch like a predictions file's content, which heat maps and boxes are made from."""
    count = len(result.classes)
    return Predictions(
        image_id=[str(picture.path) for picture in photographs.pictures[done : done + count]],
        true_class=np.full(count, -1, np.int32),
        **explainer.header(crops),
        images="",
        classes=result.mapped,
        scores=result.mapped_scores,
        maps=result.maps,
        true_map=result.maps[:, 0],
    )


def _box(
    boxes: BoxExtraction, predictions: Predictions, n: int, rank: int, size: tuple[int, int]
) -> Box:
    """Return the box of a map in pixels of an image of (width, height) ``size``."""
    scale = min(1, _MAX_SIDE / max(size))
    reduced = tuple(max(1, round(side * scale)) for side in size)
    box = boxes.boxes_of_map(predictions, n, rank, reduced)[0]
    if reduced == size:
        return box
    ratios = [full / small for full, small in zip(size, reduced, strict=True)]
    return tuple(round(value * ratios[axis % 2]) for axis, value in enumerate(box))


def _within(image: Image.Image, panel: tuple[int, int]) -> Image.Image:
    """Return an image reduced to fit into ``panel`` (width, height), or as it is."""
    scale = min(1, *(most / side for most, side in zip(panel, image.size, strict=True)))
    size = tuple(max(1, math.floor(side * scale)) for side in image.size)
    return image if size == image.size else image.resize(size, Image.Resampling.BICUBIC)
