"""What all figures share: the style, heat maps over photographs, boxes, and writing the files."""

from collections.abc import Iterable
from math import floor
from pathlib import Path
from typing import NamedTuple

import cv2
import matplotlib
import numpy as np
import pandas as pd
from matplotlib import lines, patches
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline_lib.common.files import atomic, write_json
from pipeline_lib.common.images import open_rgb
from pipeline_lib.data.classes import short_name
from pipeline_lib.data.manifest import pictures
from pipeline_lib.evaluation.ilsvrc import MIN_IOU
from pipeline_lib.localization.heat_maps import heat_map
from pipeline_lib.localization.predictions import Predictions
from pipeline_lib.reporting.figures.alt import brightest
from pipeline_lib.reporting.figures.letters import letters_drawn
from pipeline_lib.reporting.figures.sheet import COLOURS, SIZE, Line, Sheet

matplotlib.use("Agg")
STYLE = {
    **{"font.size": SIZE, "axes.titlesize": SIZE, "savefig.dpi": 110, "font.family": "DejaVu Sans"},
    "text.parse_math": False,  # names of files and classes are shown as they are
    "axes.titley": 1.0,  # the default place; finding it automatically takes half the time
}
# Told apart with any colour vision, and by the line or a sign besides.
TRUE_BOX, PREDICTED_BOX = "#19d3a2", "#ff5a1f"
RIGHT, WRONG = "#00705a", "#b03a00"  # letters on white
RIGHT_SIGN, WRONG_SIGN = "✓", "✗"
LARGEST = 1024  # pixels a side of a picture in a panel
_DASHES = (3, 1.6)
_EDGE = 1.4  # points, of black around a box's line


class Explained(NamedTuple):
    """A heat map over its image, (H, W, 3) uint8, and where it is brightest, in words."""

    picture: np.ndarray
    brightest: str


def overlay(image: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """Lay a heat map over its image: (H, W, 3) uint8 and (H, W) to (H, W, 3) uint8.

    Zero and below get the coldest colour, the map's maximum the hottest.
    """
    heat = np.clip(heat / max(float(heat.max()), 1e-12), 0, 1)
    colours = matplotlib.colormaps[COLOURS](heat)[..., :3] * 255
    return (0.5 * image + 0.5 * colours).round().astype(np.uint8)


def explained(predictions: Predictions, image: int, rank: int, picture: np.ndarray) -> Explained:
    """Lay the heat map of a guess, or of the true class (rank 0), over the image (H, W, 3) uint8."""
    height, width, _ = picture.shape
    heat = heat_map(predictions, image, rank, width, height, "bilinear")
    return Explained(overlay(picture, heat), brightest(heat))


def true_scores(predictions: Predictions) -> np.ndarray:
    """Return the (n,) scores of the true classes; zero where they are not among the guesses."""
    is_true_class = predictions.classes == predictions.true_class[:, None]
    return (predictions.scores * is_true_class).sum(axis=1)


def photograph(root: Path, images: pd.DataFrame, index: int) -> np.ndarray:
    """Return image ``index`` of a manifest as (H, W, 3) uint8."""
    (picture,) = pictures(images.iloc[[index]], root)
    return np.asarray(open_rgb(*picture))


def shrunk(picture: np.ndarray, side: int = LARGEST) -> np.ndarray:
    """Return an (H, W, 3) uint8 picture with at most ``side`` pixels a side; a smaller one as it is.

    A panel shows no more, and many large ones at once take gigabytes.
    """
    height, width, _ = picture.shape
    factor = side / max(height, width)
    if factor >= 1:
        return picture
    size = (max(round(width * factor), 1), max(round(height * factor), 1))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def outline_true(axes: Axes, box: np.ndarray, width: float = 1.8) -> None:
    """Outline a true box, half-open, (x0, y0, x1, y1) in pixels of the picture: a dashed line.

    It lies over a predicted one, which can be seen between the dashes.
    """
    _outline(axes, box, TRUE_BOX, _DASHES, width, layer=3)


def outline_predicted(axes: Axes, box: np.ndarray) -> None:
    """Outline a predicted box, half-open, (x0, y0, x1, y1) in pixels: a solid line."""
    _outline(axes, box, PREDICTED_BOX, (), 1.8, layer=2)


def _outline(
    axes: Axes, box: np.ndarray, colour: str, dashes: tuple[float, ...], width: float, layer: int
) -> None:
    x0, y0, x1, y1 = box - 0.5  # pixel 0 of a picture reaches from -0.5 to 0.5
    # A line of any colour is lost on a picture of that colour: it lies on a wider black one.
    for edge, wide in (("black", width + _EDGE), (colour, width)):
        # A dash is given in widths of its line.
        style = (0, tuple(length * width / wide for length in dashes)) if dashes else "-"
        axes.add_patch(
            patches.Rectangle(
                (x0, y0), x1 - x0, y1 - y0,
                fill=False, edgecolor=edge, linewidth=wide, linestyle=style,
                zorder=layer,
            )
        )  # fmt: skip


def true_box_handle(label: str = "true box") -> lines.Line2D:
    """Return a legend's entry for the lines of ``outline_true``."""
    return lines.Line2D([], [], color=TRUE_BOX, linewidth=2.4, linestyle=(0, _DASHES), label=label)


def predicted_box_handle() -> lines.Line2D:
    """Return a legend's entry for the lines of ``outline_predicted``."""
    return lines.Line2D([], [], color=PREDICTED_BOX, linewidth=2.4, label="predicted box")


def judged(words: str, right: bool) -> Line:
    """Return words about a right or wrong answer, with its sign and colour."""
    sign, colour = (RIGHT_SIGN, RIGHT) if right else (WRONG_SIGN, WRONG)
    return Line(f"{sign} {words}", bold=True, colour=colour)


def overlap_line(overlap: float) -> Line:
    """Return the line over a picture with a predicted box: its IoU, and whether that is right."""
    shown = floor(100 * overlap + 1e-9) / 100  # 0.499 is not right, and must not read as 0.50
    return judged(f"IoU {shown:.2f}", overlap >= MIN_IOU)


def box_legend(sheet: Sheet) -> None:
    """Add the legend of both boxes and of ``overlap_line``."""
    sheet.legend([true_box_handle(), predicted_box_handle()])
    sheet.caption(f"{RIGHT_SIGN} right box, IoU of at least {MIN_IOU}; {WRONG_SIGN} wrong box")


def guesses(labels: list[str], scores: Iterable[float], names: dict[str, str]) -> list[dict]:
    """Return the top classes of an image, best first, as plain values for a figure and its JSON."""
    return [
        {"class": label, "name": short_name(names, label), "score": round(float(score), 6)}
        for label, score in zip(labels, scores, strict=True)
    ]


def save(figure: Figure, path: Path, content: dict, alt: str) -> None:
    """Write the PNG and, beside it, a PDF and a JSON of what they show.

    ``alt`` says what is to be seen, for readers who do not see it: one or two sentences.
    """
    with letters_drawn(figure, path):
        for suffix in (".png", ".pdf"):
            _write(figure, path.with_suffix(suffix))
    write_json(path.with_suffix(".json"), {"alt": alt} | content)


def save_picture(figure: Figure, path: Path) -> None:
    """Write a figure alone, in the format that the suffix names."""
    with letters_drawn(figure, path):
        _write(figure, path)


def _write(figure: Figure, path: Path) -> None:
    with atomic(path) as temporary:
        # With a date in it, the same figure would be another file each time.
        metadata = {"CreationDate": None} if path.suffix == ".pdf" else None
        figure.savefig(temporary, metadata=metadata)
