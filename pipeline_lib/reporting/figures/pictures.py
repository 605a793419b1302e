"""What all figures share: the style, heat maps over photographs, boxes, and writing the files."""

from collections.abc import Iterable
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from matplotlib import patches
from matplotlib.figure import Figure

from pipeline_lib.common.files import atomic, write_json
from pipeline_lib.common.images import open_rgb
from pipeline_lib.data.classes import short_name
from pipeline_lib.data.manifest import pictures
from pipeline_lib.localization.heat_maps import heat_map
from pipeline_lib.localization.predictions import Predictions
from pipeline_lib.reporting.figures.letters import letters_drawn

matplotlib.use("Agg")
STYLE = {
    **{"font.size": 9, "axes.titlesize": 9, "savefig.dpi": 130, "font.family": "DejaVu Sans"},
    "text.parse_math": False,  # names of files and classes are shown as they are
    "axes.titley": 1.0,  # the default place; finding it automatically takes half the time
}
COLOURS = "turbo"
GREEN, RED = "#00c000", "#e00000"  # true and predicted boxes; right and wrong answers


def overlay(image: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """Lay a heat map over its image: (H, W, 3) uint8 and (H, W) to (H, W, 3) uint8.

    Zero and below get the coldest colour, the map's maximum the hottest.
    """
    heat = np.clip(heat / max(float(heat.max()), 1e-12), 0, 1)
    colours = matplotlib.colormaps[COLOURS](heat)[..., :3] * 255
    return (0.5 * image + 0.5 * colours).round().astype(np.uint8)


def explained(predictions: Predictions, image: int, rank: int, picture: np.ndarray) -> np.ndarray:
    """Lay the heat map of a guess, or of the true class (rank 0), over the image: (H, W, 3) uint8."""
    height, width, _ = picture.shape
    return overlay(picture, heat_map(predictions, image, rank, width, height, "bilinear"))


def true_scores(predictions: Predictions) -> np.ndarray:
    """Return the (n,) scores of the true classes; zero where they are not among the guesses."""
    is_true_class = predictions.classes == predictions.true_class[:, None]
    return (predictions.scores * is_true_class).sum(axis=1)


def photograph(root: Path, images: pd.DataFrame, index: int) -> np.ndarray:
    """Return image ``index`` of a manifest as (H, W, 3) uint8."""
    (picture,) = pictures(images.iloc[[index]], root)
    return np.asarray(open_rgb(*picture))


def show(axes: matplotlib.axes.Axes, picture: np.ndarray, title: str = "") -> None:
    """Show a picture without ticks or a frame."""
    axes.imshow(picture)
    axes.set_title(title, pad=3)
    axes.set_axis_off()


def outline(axes: matplotlib.axes.Axes, box: np.ndarray, colour: str) -> None:
    """Outline a half-open box: pixel 0 of a picture reaches from -0.5 to 0.5."""
    x0, y0, x1, y1 = box - 0.5
    axes.add_patch(
        patches.Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False, edgecolor=colour, linewidth=2)
    )


def box_legend(figure: Figure) -> None:
    """Add the legend of true and predicted boxes below a figure."""
    figure.legend(
        handles=[
            patches.Patch(fill=False, edgecolor=GREEN, linewidth=2, label="ground truth"),
            patches.Patch(fill=False, edgecolor=RED, linewidth=2, label="predicted"),
        ],
        loc="outside lower center", ncols=2, frameon=False,
    )  # fmt: skip


def label_row(axes: matplotlib.axes.Axes, name: str) -> None:
    """Write a row's name beside its first picture."""
    axes.annotate(
        name, (0, 0.5), (-6, 0), xycoords="axes fraction", textcoords="offset points",
        rotation=90, ha="right", va="center", fontweight="bold",
    )  # fmt: skip


def guesses(labels: list[str], scores: Iterable[float], names: dict[str, str]) -> list[dict]:
    """Return the top classes of an image, best first, as plain values for a figure and its JSON."""
    return [
        {"class": label, "name": short_name(names, label), "score": round(float(score), 6)}
        for label, score in zip(labels, scores, strict=True)
    ]


def save(figure: Figure, path: Path, content: dict) -> None:
    """Write the PNG and, beside it, a PDF and a JSON of what they show."""
    with letters_drawn(figure, path):
        for suffix in (".png", ".pdf"):
            _write(figure, path.with_suffix(suffix))
    write_json(path.with_suffix(".json"), content)


def save_picture(figure: Figure, path: Path) -> None:
    """Write a figure alone, in the format that the suffix names."""
    with letters_drawn(figure, path):
        _write(figure, path)


def _write(figure: Figure, path: Path) -> None:
    with atomic(path) as temporary:
        # With a date in it, the same figure would be another file each time.
        metadata = {"CreationDate": None} if path.suffix == ".pdf" else None
        figure.savefig(temporary, bbox_inches="tight", pad_inches=0.1, metadata=metadata)
