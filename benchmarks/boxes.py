"""Boxes from stored maps, against a loop of OpenCV calls: one threshold, a hundred, the authors' method.

Maps are 14 x 14 and smooth with a few peaks, as class maps are; images are 500 x 375. The loop is what
one writes by hand, in one process. This project shares the work among two processes, as its steps do.
"""

from collections.abc import Callable, Iterator
from functools import partial

import cv2
import numpy as np

from benchmarks.harness import Measured, paired
from pipeline_lib.common.processes import run_in_processes
from pipeline_lib.localization.authors_box import (
    MARGIN,
    MIN_DEPTH,
    authors_boxes,
)
from pipeline_lib.localization.authors_box import THRESHOLDS as AUTHORS_THRESHOLDS
from pipeline_lib.localization.components import CONNECTIVITY
from pipeline_lib.localization.heat_maps import upsample
from pipeline_lib.localization.paper_box import paper_box, paper_boxes

WIDTH, HEIGHT, SIDE, THRESHOLD = 500, 375, 14, 0.2
SWEEP = (np.arange(100) / 100).tolist()
BLOCK = 128  # maps that a process is given at a time, as in the steps
Boxes = Callable[[np.ndarray], list]


def smooth_maps(count: int) -> np.ndarray:
    """Return (count, 14, 14) float32 maps."""
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(count, SIDE, SIDE)).astype(np.float32)
    return np.stack([cv2.GaussianBlur(each, (0, 0), 2) for each in noise])


def measure(repeats: int, quick: bool) -> Iterator[Measured]:
    """Yield a line for one threshold, a hundred thresholds, and the authors' method."""
    cases = {
        "the paper's boxes of {:,} maps": (24_000, paper, by_hand, 4),
        "boxes at 100 thresholds of {:,} maps": (240, swept, swept_by_hand, 20),
        "the authors' boxes of {:,} maps": (1_500, authors, authors_by_hand, 2),
    }
    for what, (count, ours, theirs, aim) in cases.items():
        maps = smooth_maps(count // 4 if quick else count)
        blocks = [(maps[n : n + BLOCK],) for n in range(0, len(maps), BLOCK)]
        together = partial(_in_processes, ours, blocks)
        if together() != theirs(maps):
            raise AssertionError(f"{what}: not the same boxes")
        yield paired(
            what.format(len(maps)), together, partial(theirs, maps),
            peer="a loop of OpenCV calls", items=len(maps), unit="maps/s", aim=aim,
            same="every box", repeats=repeats,
        )  # fmt: skip


def _in_processes(work: Boxes, blocks: list[tuple[np.ndarray]]) -> list:
    return [box for block in run_in_processes(work, blocks, 2) for box in block]


def paper(maps: np.ndarray) -> list:
    """This project's boxes at one threshold."""
    return [paper_box(_enlarged(each), THRESHOLD) for each in maps]


def swept(maps: np.ndarray) -> list:
    """This project's boxes at all thresholds."""
    return [paper_boxes(_enlarged(each), SWEEP) for each in maps]


def authors(maps: np.ndarray) -> list:
    """This project's boxes by the authors' method: loose."""
    return [authors_boxes(np.maximum(_enlarged(each), 0))[0] for each in maps]


def by_hand(maps: np.ndarray) -> list:
    """Resize, threshold, label, take the largest."""
    return [_largest(_resized(each), THRESHOLD) for each in maps]


def swept_by_hand(maps: np.ndarray) -> list:
    """The same at each threshold."""
    heats = map(_resized, maps)
    return [[_largest(heat, threshold) for threshold in SWEEP] for heat in heats]


def authors_by_hand(maps: np.ndarray) -> list:
    """The released code's steps up to the largest rectangle; ours goes on to the second box."""
    return [_authors_loose(np.maximum(_resized(each), 0)) for each in maps]


def _enlarged(class_map: np.ndarray) -> np.ndarray:
    return upsample(class_map, WIDTH, HEIGHT, "bilinear")


def _resized(class_map: np.ndarray) -> np.ndarray:
    return cv2.resize(class_map, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)


def _largest(heat: np.ndarray, threshold: float) -> tuple:
    mask = (heat > threshold * float(heat.max())).astype(np.uint8)
    count, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=CONNECTIVITY)
    if count < 2:
        return (0, 0, WIDTH, HEIGHT)
    rows = stats[1:].tolist()
    x, y, w, h, _ = min(rows, key=lambda row: (-row[4], row[1], row[0]))
    return (x, y, x + w, y + h)


def _authors_loose(heat: np.ndarray) -> tuple:
    grey = np.round(heat / heat.max() * 255).astype(np.uint8)
    boxes = []
    for threshold in AUTHORS_THRESHOLDS:
        distance = cv2.distanceTransform(
            (grey > threshold).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE
        )
        if distance.max() <= 0:
            continue
        inside = (np.floor(distance / distance.max() * 255 + 0.5) > MIN_DEPTH).astype(np.uint8)
        contours, _ = cv2.findContours(inside, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
        for contour in contours:
            x, y, w, h = cv2.boundingRect(contour)
            w, h = min(w, max(WIDTH - x - MARGIN, 0)), min(h, max(HEIGHT - y - MARGIN, 0))
            boxes.append((min(x, WIDTH - MARGIN), min(y, HEIGHT - MARGIN), w, h))
    x, y, w, h = max(boxes, key=lambda box: box[2] * box[3])
    return (x, y, x + w, y + h)
