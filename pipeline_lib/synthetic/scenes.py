"""Drawing one scene: a cluttered background, things that mean nothing, and objects of one kind.

A scene knows everything about itself: every object's kind, outline and half-open box. Clutter
correlates with nothing; scale, place, turn and colours are drawn anew for every object.
"""

import colorsys
from dataclasses import dataclass

import cv2
import numpy as np

from pipeline_lib.synthetic.kinds import PARTS, SHAPES, TEXTURES, Kind, Texture

SIDE = (112, 168)  # an image's width and height, pixels, each drawn alone: aspects vary
OBJECTS = (0.75, 0.18, 0.07)  # how often a scene has one, two, three objects of its kind
REACH = (0.18, 0.5)  # half an object's length, as a part of the shorter side
HUE_SPREAD = 0.1  # standard deviation around a kind's hue; neighbours are 0.1 apart
CLUTTER = (4, 8)  # meaningless blobs in a scene
_SUBPIXEL = 4  # bits of OpenCV's fixed-point coordinates


@dataclass(frozen=True)
class DrawnObject:
    """An object as drawn: ``polygon`` (n, 2) float in pixels, ``box`` half-open in whole pixels."""

    kind: Kind
    polygon: np.ndarray
    box: tuple[int, int, int, int]


@dataclass(frozen=True)
class Scene:
    """``image`` is (height, width, 3) uint8 RGB; ``objects`` are all of one kind."""

    image: np.ndarray
    objects: tuple[DrawnObject, ...]


def draw_scene(kind: Kind, rng: np.random.Generator) -> Scene:
    """Draw a scene with one to three objects of ``kind``, none hiding another."""
    width, height = (int(rng.integers(*SIDE, endpoint=True)) for _ in range(2))
    canvas = _background(width, height, rng)
    for _ in range(rng.integers(*CLUTTER, endpoint=True)):
        _draw_clutter(canvas, rng)
    objects: list[DrawnObject] = []
    wanted = 1 + rng.choice(len(OBJECTS), p=OBJECTS)
    for _ in range(wanted * 8):  # a place may be taken: a few tries an object
        outline, pose = _place(SHAPES[kind.shape], width, height, len(objects), rng)
        box = _box(outline, width, height)
        if len(objects) < wanted and not any(_meet(box, other.box) for other in objects):
            _draw_object(canvas, kind, outline, pose, rng)
            objects.append(DrawnObject(kind, outline, box))
    noise = rng.normal(0, 0.02, canvas.shape).astype(np.float32)
    return Scene((np.clip(canvas + noise, 0, 1) * 255).round().astype(np.uint8), tuple(objects))


@dataclass(frozen=True)
class _Pose:
    """From unit coordinates to pixels: turn, scale, move."""

    centre: tuple[float, float]
    scale: float
    angle: float

    def to_pixels(self, points: np.ndarray) -> np.ndarray:
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        return points @ np.array([[cos, sin], [-sin, cos]]) * self.scale + self.centre

    def to_unit(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        dx, dy = (x - self.centre[0]) / self.scale, (y - self.centre[1]) / self.scale
        return dx * cos + dy * sin, dy * cos - dx * sin


def _place(
    shape: np.ndarray, width: int, height: int, already: int, rng: np.random.Generator
) -> tuple[np.ndarray, _Pose]:
    scale = rng.uniform(*REACH) * min(width, height) * (1.0 if already == 0 else 0.7)
    margin = 0.3 * scale  # the border may cut off a good part, as in photographs
    centre = (rng.uniform(margin, width - margin), rng.uniform(margin, height - margin))
    pose = _Pose(centre, scale, rng.uniform(0, 2 * np.pi))
    return pose.to_pixels(shape), pose


def _box(outline: np.ndarray, width: int, height: int) -> tuple[int, int, int, int]:
    (x0, y0), (x1, y1) = np.floor(outline.min(axis=0)), np.ceil(outline.max(axis=0))
    return int(max(x0, 0)), int(max(y0, 0)), int(min(x1, width)), int(min(y1, height))


def _meet(a: tuple[int, int, int, int], b: tuple[int, int, int, int]) -> bool:
    return max(a[0], b[0]) < min(a[2], b[2]) and max(a[1], b[1]) < min(a[3], b[3])


def _background(width: int, height: int, rng: np.random.Generator) -> np.ndarray:
    coarse = rng.uniform(0.25, 0.75, (4, 4, 1)) + rng.uniform(-0.1, 0.1, (4, 4, 3))
    fine = rng.normal(0, 0.05, (height // 6, width // 6, 3))
    layers = (coarse, fine)
    parts = [
        cv2.resize(layer.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
        for layer in layers
    ]
    return np.ascontiguousarray(parts[0] + parts[1])


def _fill(canvas: np.ndarray, polygon: np.ndarray, colour: np.ndarray) -> None:
    points = np.round(polygon * (1 << _SUBPIXEL)).astype(np.int32)
    cv2.fillPoly(canvas, [points], colour.tolist(), lineType=cv2.LINE_AA, shift=_SUBPIXEL)


def _paint(canvas: np.ndarray, polygon: np.ndarray, colours: np.ndarray, texture: Texture) -> None:
    """Fill the polygon with a mix of two colours, ``texture(x, y)`` in [0, 1], x and y in pixels."""
    x0, y0, x1, y1 = _box(polygon, canvas.shape[1], canvas.shape[0])
    if x0 >= x1 or y0 >= y1:
        return
    mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
    _fill(mask, polygon - (x0, y0), np.array([255.0]))
    y, x = np.mgrid[y0:y1, x0:x1].astype(np.float32)
    paint = colours[0] + (colours[1] - colours[0]) * texture(x, y)[..., None]
    region = canvas[y0:y1, x0:x1]
    region += (mask / np.float32(255))[..., None] * (paint.astype(np.float32) - region)


def _two_colours(hue: float, rng: np.random.Generator) -> np.ndarray:
    """A deep colour near ``hue`` and a pale one of any hue, as (2, 3) RGB in [0, 1]."""
    deep = colorsys.hsv_to_rgb(
        (hue + rng.normal(0, HUE_SPREAD)) % 1, rng.uniform(0.5, 1), rng.uniform(0.3, 0.8)
    )
    pale = colorsys.hsv_to_rgb(rng.random(), rng.uniform(0, 0.3), rng.uniform(0.8, 1))
    return np.array([deep, pale])


def _draw_object(
    canvas: np.ndarray, kind: Kind, outline: np.ndarray, pose: _Pose, rng: np.random.Generator
) -> None:
    texture = TEXTURES[kind.texture]
    _paint(canvas, outline, _two_colours(kind.hue, rng), lambda x, y: texture(*pose.to_unit(x, y)))
    part = _Pose(tuple(pose.to_pixels(np.array([[0.6, 0.0]]))[0]), 0.2 * pose.scale, pose.angle)
    shape, colour = PARTS[kind.part]
    _fill(canvas, part.to_pixels(shape), np.array(colour, float))


def _draw_clutter(canvas: np.ndarray, rng: np.random.Generator) -> None:
    """A random blob, plain or with random waves: textured like things, but like no kind."""
    height, width = canvas.shape[:2]
    centre, reach = rng.uniform(0, (width, height)), rng.uniform(0.05, 0.2) * min(width, height)
    angles = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(4, 9)))
    radii = reach * rng.uniform(0.5, 1.2, len(angles))
    outline = centre + radii[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    a, b, c, d = rng.uniform(-0.8, 0.8, 4)
    depth = 0.5 * (rng.random() < 0.6)

    def waves(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return 0.5 + depth * np.sin(a * x + b * y) * np.sin(c * x + d * y)

    _paint(canvas, outline, _two_colours(rng.random(), rng), waves)
