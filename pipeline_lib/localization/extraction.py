"""The boxes of a whole predictions file, as a table, by one of three box methods."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, repeat
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline_lib.common.blocks import ROWS, Blocks, block_ranges
from pipeline_lib.common.command import log, progress
from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import fingerprint
from pipeline_lib.common.images import Picture, open_rgb
from pipeline_lib.common.processes import run_in_processes
from pipeline_lib.data.manifest import pictures, sampled_sizes
from pipeline_lib.localization.authors_box import authors_boxes
from pipeline_lib.localization.components import Box
from pipeline_lib.localization.graphcut_box import graphcut_box
from pipeline_lib.localization.heat_maps import (
    MAX,
    SUM,
    TRUE_CLASS,
    applied_interpolation,
    heat_map,
)
from pipeline_lib.localization.paper_box import paper_box
from pipeline_lib.localization.predictions import Predictions

BOX_METHODS = ("paper", "authors", "graphcut")
FITS = ("loose", "tight")  # the authors' first and second box; other methods have one, "loose"
_BLOCK = 128  # images that a process is given at a time: about a minute of graph cuts
BOX_TABLE_COLUMNS = (
    *("image_id", "rank", "class", "score", "fit"),
    *("x0", "y0", "x1", "y1", "box_method"),
)


@dataclass(frozen=True)
class BoxExtraction:
    """How boxes are made: one of BOX_METHODS and its settings.

    Only method paper uses ``threshold``; only graphcut reads the photographs, below ``root``.
    """

    box_method: str
    threshold: float
    interpolation: str
    root: Path | None = None

    @property
    def plane(self) -> int:
        """The plane that boxes are made from, of a map by PIXEL_METHODS."""
        return SUM if self.box_method == "authors" else MAX

    def boxes(self, predictions: Predictions, images: pd.DataFrame) -> list[tuple]:
        """Return rows of BOX_TABLE_COLUMNS; see ``extract_boxes``."""
        rows = []
        sizes = zip(images["width"], images["height"], strict=True)
        photographs = repeat(None) if self.root is None else pictures(images, self.root)
        for n, ((width, height), picture) in enumerate(zip(sizes, photographs, strict=False)):
            boxes: dict[str, list[Box]] = {}
            for rank, label, score in _classes_with_maps(predictions, n):
                if label not in boxes:  # the true class is usually among the guesses
                    size = (int(width), int(height))
                    boxes[label] = self.boxes_of_map(predictions, n, rank, size, picture)
                for fit, box in zip(FITS, boxes[label], strict=False):
                    key = (predictions.image_id[n], rank, label, score, fit)
                    rows.append((*key, *box, self.box_method))
        return rows

    def boxes_of_map(
        self,
        predictions: Predictions,
        n: int,
        rank: int,
        size: tuple[int, int],
        picture: Picture | None = None,
    ) -> list[Box]:
        """Return the boxes of image ``n``'s guess ``rank``, in pixels of its (width, height) ``size``.

        Method authors gives two, loose and tight, the others one. Only graphcut reads the ``picture``.
        """
        heat = heat_map(predictions, n, rank, *size, self.interpolation, self.plane)
        if self.box_method == "paper":
            return [paper_box(heat, self.threshold)]
        if self.box_method == "authors":
            candidates = authors_boxes(heat)
            return [candidates[0], candidates[min(1, len(candidates) - 1)]]
        return [graphcut_box(_photograph(picture, heat.shape), heat)]


def extract_boxes(
    predictions: Predictions,
    images: pd.DataFrame,
    box_method: str,
    *,
    threshold: float,
    interpolation: str,
    root: Path | None = None,
    processes: int = 1,
    partial: Path | None = None,
) -> pd.DataFrame:
    """Return rows of BOX_TABLE_COLUMNS: each image's true class (rank 0, no score), then its guesses.

    Boxes are half-open, in pixels of the image. Only method paper uses ``threshold``; only graphcut
    reads the photographs, below ``root``. Method authors gives a loose and a tight box, twice the
    same one if it finds only one. The work is shared by ``processes``; in the folder ``partial``, if
    given, a run that is killed leaves what it has done for the next one. Raises InputError for images
    without a size, and for graphcut without backprop's maps or without ``root``.
    """
    if images[["width", "height"]].isna().any(axis=None):
        raise InputError(f"{predictions.name}: the manifest lacks sizes, so there can be no boxes")
    if box_method == "graphcut" and (predictions.method != "backprop" or root is None):
        raise InputError(
            f"{predictions.name}: box method graphcut needs backprop's maps and --root"
        )
    extraction = BoxExtraction(box_method, threshold, interpolation, root)
    blocks = missing = block_ranges(len(images), _BLOCK)
    if partial is not None:
        settings = box_settings(
            predictions, box_method, threshold=threshold, interpolation=interpolation
        )
        photographs = root if box_method == "graphcut" else None
        marks = {block: _mark(images, block, photographs) for block in blocks}
        blocks = Blocks(partial, fingerprint(predictions.fingerprint, settings), marks, ROWS)
        missing = blocks.missing()
        counts = (sum(map(len, missing)), len(images), len(marks))
        log.info("%s: %d images to do of %d in %d blocks", predictions.name, *counts)
    tasks = ((predictions.part(block), images.iloc[block.start : block.stop]) for block in missing)
    made = run_in_processes(extraction.boxes, tasks, min(processes, len(missing)))
    made = progress(made, "boxes", total=len(missing))
    if partial is not None:
        for block, rows in zip(missing, made, strict=True):
            blocks.write(block, rows)
        made = blocks
    return pd.DataFrame(list(chain.from_iterable(made)), columns=list(BOX_TABLE_COLUMNS))


def box_settings(
    predictions: Predictions, box_method: str, *, threshold: float, interpolation: str
) -> dict[str, object]:
    """Return the settings that are written into the boxes file: how its boxes were made.

    ``threshold`` is None for the methods that do not use it; ``interpolation`` is the applied one.
    """
    return {
        "box_method": box_method,
        "threshold": threshold if box_method == "paper" else None,
        "interpolation": applied_interpolation(predictions, interpolation),
        "method": predictions.method,
        "crops": predictions.crops,
    }


def _mark(images: pd.DataFrame, block: range, root: Path | None) -> str:
    """Return a fingerprint of a block's images, and of the sizes of their files if they are read."""
    rows = images.iloc[block.start : block.stop]
    sizes = [] if root is None else sampled_sizes(rows, root, len(block))
    return fingerprint(rows[["image_id", "width", "height"]].to_numpy().tolist(), sizes)


def _photograph(picture: Picture, shape: tuple[int, int]) -> np.ndarray:
    """Read a photograph; raise InputError if its (height, width) is not the manifest's."""
    pixels = np.asarray(open_rgb(*picture))
    if pixels.shape[:2] != shape:
        height, width = shape
        raise InputError(f"{picture.path}: is not {width}x{height} as in the manifest; rerun index")
    return pixels


def _classes_with_maps(predictions: Predictions, n: int) -> Iterator[tuple[int, str, float | None]]:
    """Yield the (rank, label, score) of the classes that image ``n`` has a map for."""
    if predictions.true_class[n] >= 0:
        yield TRUE_CLASS, predictions.label_of(int(predictions.true_class[n])), None
    for index, label in enumerate(predictions.labels_of(n)[: predictions.maps.shape[1]]):
        yield index + 1, label, float(predictions.scores[n, index])
