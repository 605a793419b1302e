"""What all figures share: the look, the heat map over the photograph, the file pair."""

from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from pipeline_lib.common.files import atomic, write_json
from pipeline_lib.common.images import open_rgb
from pipeline_lib.localization.boxes import upsample
from pipeline_lib.localization.predictions import Predictions

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


def short_name(names: dict[str, str], label: str) -> str:
    """Return the first of a class's synonyms, the label itself where it has no name."""
    return names.get(label, label).split(",")[0]


def guesses_of(predictions: Predictions, index: int, names: dict[str, str]) -> list[dict]:
    """Return the top classes of image ``index``, best first, as plain values for a figure's JSON."""
    ranked = zip(predictions.classes[index], predictions.scores[index], strict=True)
    return [
        {"class": label, "name": short_name(names, label), "score": round(float(score), 6)}
        for label, score in ((predictions.label_of(int(c)), s) for c, s in ranked)
    ]


def save(figure: Figure, path: Path, content: dict) -> None:
    """Write the PNG and, beside it, the JSON that says what it shows."""
    with atomic(path) as temporary:
        figure.savefig(temporary, bbox_inches="tight", pad_inches=0.1)
    write_json(path.with_suffix(".json"), content)
