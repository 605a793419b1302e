"""Figures on the page: WebP, with the caption and a text that describes the picture."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import read_json
from pipeline_lib.reporting.artefact import Figure
from pipeline_lib.reporting.catalogue import FIGURES

WIDTH = 1100  # pixels: nearly as wide as the page
QUALITY = 60


@dataclass(frozen=True)
class PageFigure:
    """A figure: its entry of the catalogue, its picture as an address, size and description."""

    artefact: Figure
    data: str
    size: tuple[int, int]
    alt: str


def read_page_figure(path: Path) -> PageFigure:
    """Read a figure's .png, and its .json beside it.

    Raises InputError for one that is missing, is no picture, or that the catalogue lacks.
    """
    figure = FIGURES.get(path.stem)
    if figure is None:
        raise InputError(f"{path}: the catalogue has no {path.stem}")
    try:
        with Image.open(path) as image:
            data, size = as_webp(image.convert("RGB"), WIDTH, QUALITY)
    except FileNotFoundError:
        raise InputError(f"{path}: not found") from None
    except OSError as error:
        raise InputError(f"{path}: not a picture ({error}); delete it and rerun") from None
    facts = path.with_suffix(".json")
    described = read_json(facts).get("alt", "") if facts.exists() else ""
    return PageFigure(figure, data, size, described or figure.summary)


def as_webp(image: Image.Image, width: int, quality: int) -> tuple[str, tuple[int, int]]:
    """Return a picture as a data address of WebP, at most ``width`` pixels wide, and its size."""
    if image.width > width:
        height = round(image.height * width / image.width)
        image = image.resize((width, height), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=quality, method=4)
    encoded = base64.b64encode(buffer.getvalue()).decode()
    return f"data:image/webp;base64,{encoded}", image.size


def read_page_figures(paths: Sequence[Path]) -> list[PageFigure]:
    """Return the figures in the order of the catalogue."""
    order = list(FIGURES)
    known = sorted(paths, key=lambda path: order.index(path.stem) if path.stem in order else -1)
    return [read_page_figure(path) for path in known]
