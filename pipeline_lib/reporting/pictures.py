"""What all figures share: the look, the heat map over the photograph, the file pair."""

from collections.abc import Iterable
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from pipeline_lib.common.files import atomic, write_json
from pipeline_lib.common.images import open_rgb
from pipeline_lib.data.classes import short_name
from pipeline_lib.localization.boxes import upsample

matplotlib.use("Agg")
STYLE = {"font.size": 9, "axes.titlesize": 9, "savefig.dpi": 130, "font.family": "DejaVu Sans"}


def overlay(image: np.ndarray, class_map: np.ndarray) -> np.ndarray:
    """Lay a class map over its image: (H, W, 3) uint8 and (h, w) to (H, W, 3) uint8.

    The map is upsampled bilinearly; zero and below is the colours' cold end, its maximum the hot one.
    """
    height, width, _ = image.shape
    heat = upsample(class_map, width, height, "bilinear")
    heat = np.clip(heat / max(float(heat.max()), 1e-12), 0, 1)
    colours = matplotlib.colormaps["turbo"](heat)[..., :3] * 255
    return (0.5 * image + 0.5 * colours).round().astype(np.uint8)


def photograph(root: Path, images: pd.DataFrame, index: int) -> np.ndarray:
    """Return image ``index`` of a manifest as (H, W, 3) uint8."""
    return np.asarray(open_rgb(root / images["path"].iloc[index]))


def show(axes: matplotlib.axes.Axes, picture: np.ndarray, title: str = "") -> None:
    """Put a picture on axes that are nothing but a frame for it."""
    axes.imshow(picture)
    axes.set_title(title, pad=3)
    axes.set_axis_off()


def guesses(labels: list[str], scores: Iterable[float], names: dict[str, str]) -> list[dict]:
    """Return the top classes of an image, best first, as plain values for a figure and its JSON."""
    return [
        {"class": label, "name": short_name(names, label), "score": round(float(score), 6)}
        for label, score in zip(labels, scores, strict=True)
    ]


def save(figure: Figure, path: Path, content: dict) -> None:
    """Write the PNG and, beside it, the JSON that says what it shows."""
    with atomic(path) as temporary:
        figure.savefig(temporary, bbox_inches="tight", pad_inches=0.1)
    write_json(path.with_suffix(".json"), content)
