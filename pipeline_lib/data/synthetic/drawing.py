"""Drawing primitives: poses, boxes, filled and textured polygons, colours, backgrounds.

A canvas is (height, width, 3) float32 RGB, about [0, 1]; functions draw on it in place.
"""

import colorsys
from dataclasses import dataclass

import cv2
import numpy as np

from pipeline_lib.data.synthetic.kinds import Texture

BLOTCHES = (4, 14)  # cells to a side of the coarse and the fine blotches of camouflage
SHARPNESS = 2.0  # of the blotches' edges; 0 would mix all colours evenly
_SUBPIXEL = 4  # bits of OpenCV's fixed-point coordinates

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Pose:
    """A rotation, scaling and translation from unit coordinates to pixels."""

    centre: tuple[float, float]
    scale: float
    angle: float

    def to_pixels(self, points: np.ndarray) -> np.ndarray:
        """Convert (n, 2) unit coordinates to pixels."""
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        return points @ np.array([[cos, sin], [-sin, cos]]) * self.scale + self.centre

    def to_unit(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Convert pixels to unit coordinates; ``x`` and ``y`` have any shape."""
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        dx, dy = (x - self.centre[0]) / self.scale, (y - self.centre[1]) / self.scale
        return dx * cos + dy * sin, dy * cos - dx * sin


def visible_box(outline: np.ndarray, width: int, height: int) -> Box:
    """Return the half-open box, in whole pixels, of the part of a polygon (n, 2) inside the image."""
    (x0, y0), (x1, y1) = np.floor(outline.min(axis=0)), np.ceil(outline.max(axis=0))
    return int(max(x0, 0)), int(max(y0, 0)), int(min(x1, width)), int(min(y1, height))


def overlap(a: Box, b: Box) -> bool:
    """Tell whether two half-open boxes share a pixel."""
    return max(a[0], b[0]) < min(a[2], b[2]) and max(a[1], b[1]) < min(a[3], b[3])


def draw_palette(rng: np.random.Generator) -> np.ndarray:
    """Return an image's colours, (4, 3) RGB in [0, 1]: two dark ones, then two pale ones, of any hue."""
    dark, pale = ((0.4, 1), (0.15, 0.5)), ((0, 0.4), (0.7, 1))
    return np.array(
        [
            colorsys.hsv_to_rgb(rng.random(), rng.uniform(*saturation), rng.uniform(*value))
            for saturation, value in (dark, dark, pale, pale)
        ]
    )


def two_colours(palette: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a dark and a pale colour of a palette, (2, 3)."""
    return palette[[rng.integers(2), 2 + rng.integers(2)]]


def calm(width: int, height: int, rng: np.random.Generator) -> np.ndarray:
    """Return a canvas of soft light and shade with a fine grain."""
    coarse = rng.uniform(0.25, 0.75, (4, 4, 1)) + rng.uniform(-0.1, 0.1, (4, 4, 3))
    fine = rng.normal(0, 0.05, (height // 6, width // 6, 3))
    return np.ascontiguousarray(sum(_enlarged(layer, width, height) for layer in (coarse, fine)))


def camouflage(
    width: int, height: int, palette: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return a canvas of blotches in the colours of ``palette`` (n, 3), which the objects share."""
    layers = (rng.normal(0, SHARPNESS, (cells, cells, len(palette))) for cells in BLOTCHES)
    weights = np.exp(sum(_enlarged(layer, width, height) for layer in layers))
    weights /= weights.sum(axis=2, keepdims=True)
    return np.ascontiguousarray(weights @ palette.astype(np.float32))


def _enlarged(layer: np.ndarray, width: int, height: int) -> np.ndarray:
    return cv2.resize(layer.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)


def fill(canvas: np.ndarray, polygon: np.ndarray, colour: np.ndarray) -> None:
    """Fill a polygon (n, 2), in pixels, with one colour."""
    points = np.round(polygon * (1 << _SUBPIXEL)).astype(np.int32)
    cv2.fillPoly(canvas, [points], colour.tolist(), lineType=cv2.LINE_AA, shift=_SUBPIXEL)


def paint(canvas: np.ndarray, polygon: np.ndarray, colours: np.ndarray, texture: Texture) -> None:
    """Fill the polygon with a mix of two colours, ``texture(x, y)`` in [0, 1], x and y in pixels."""
    x0, y0, x1, y1 = visible_box(polygon, canvas.shape[1], canvas.shape[0])
    if x0 >= x1 or y0 >= y1:
        return
    mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
    fill(mask, polygon - (x0, y0), np.array([255.0]))
    y, x = np.mgrid[y0:y1, x0:x1].astype(np.float32)
    mixed = colours[0] + (colours[1] - colours[0]) * texture(x, y)[..., None]
    region = canvas[y0:y1, x0:x1]
    region += (mask / np.float32(255))[..., None] * (mixed.astype(np.float32) - region)


def draw_clutter(canvas: np.ndarray, palette: np.ndarray, rng: np.random.Generator) -> None:
    """Draw a random blob, plain or with random waves: textured, but unlike any kind of object."""
    height, width = canvas.shape[:2]
    centre, reach = rng.uniform(0, (width, height)), rng.uniform(0.05, 0.2) * min(width, height)
    angles = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(4, 9)))
    radii = reach * rng.uniform(0.5, 1.2, len(angles))
    outline = centre + radii[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    a, b, c, d = rng.uniform(-0.8, 0.8, 4)
    depth = 0.5 * (rng.random() < 0.6)

    def waves(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return 0.5 + depth * np.sin(a * x + b * y) * np.sin(c * x + d * y)

    paint(canvas, outline, two_colours(palette, rng), waves)
