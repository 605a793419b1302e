"""Drawing a scene: a background, meaningless clutter, and objects of given kinds.

A scene comes with its ground truth: every object's kind, outline and half-open box. Clutter correlates
with nothing; scale, position and rotation are random for every object. The colours are those of the
image, whatever the kind: surroundings, clutter and objects share them, so that colour alone neither
tells a kind nor cuts an object out. Only the small parts have colours of their own.
"""

import colorsys
from dataclasses import dataclass

import numpy as np

from pipeline_lib.data.synthetic.drawing import (
    Box,
    Pose,
    calm,
    camouflage,
    draw_clutter,
    draw_palette,
    fill,
    overlap,
    paint,
    two_colours,
    visible_box,
)
from pipeline_lib.data.synthetic.kinds import PARTS, SHAPES, TEXTURES, Kind

OBJECT_COUNT_RATES = (0.75, 0.18, 0.07)  # probabilities of one, two, three objects in a scene


@dataclass(frozen=True)
class Style:
    """How objects are arranged in the images of a data set. Pairs are a minimum and a maximum.

    ``side``: width and height of an image in pixels, independent of each other. ``reach``: half the
    length of the first object, as a fraction of the image's shorter side; the other objects' is
    multiplied by ``others``. ``margin``: minimum distance of a centre from the border, in half lengths.
    ``turn``: rotation angle in radians. A part of scale ``part_size`` is at ``part_at`` on its body's
    long axis, both in the body's unit coordinates. ``clutter``: number of meaningless blobs. ``size``:
    a fixed (width, height) instead of ``side``.
    """

    side: tuple[int, int] = (112, 168)
    reach: tuple[float, float] = (0.24, 0.5)
    others: float = 0.7
    margin: float = 0.3  # the border may cut objects off, as in photographs
    turn: tuple[float, float] = (0, 2 * np.pi)
    part_at: float = 0.6
    part_size: float = 0.12
    clutter: tuple[int, int] = (3, 6)
    size: tuple[int, int] | None = None


@dataclass(frozen=True)
class Backdrop:
    """The surroundings of a place: a faint texture and tint of everything below a horizon.

    Without one, surroundings are a camouflage of the objects.

    ``horizon`` is its distance from the top, as a fraction of the height; 0 makes a wall. ``contrast``
    is the texture's difference between darkest and brightest.
    """

    texture: str
    hue: float
    horizon: float
    contrast: float = 0.2


@dataclass(frozen=True)
class SceneObject:
    """An object in an image: ``polygon`` (n, 2) float in pixels, ``box`` half-open in whole pixels.

    ``part`` (m, 2) is the outline of its part, in pixels. Both outlines may cross the image's border.
    """

    kind: Kind
    polygon: np.ndarray
    box: Box
    part: np.ndarray


@dataclass(frozen=True)
class Scene:
    """``image`` is (height, width, 3) uint8 RGB; ``horizon_row`` is the first row of its backdrop."""

    image: np.ndarray
    objects: tuple[SceneObject, ...]
    horizon_row: int | None = None


PLAIN = Style()


def draw_scene(kind: Kind, rng: np.random.Generator) -> Scene:
    """Draw a scene with one to three objects of ``kind`` that do not overlap."""
    palette = draw_palette(rng)
    canvas, horizon_row = _cluttered_canvas(PLAIN, None, palette, rng)
    kinds = (kind,) * (1 + int(rng.choice(len(OBJECT_COUNT_RATES), p=OBJECT_COUNT_RATES)))
    return _finish(canvas, _scatter(canvas, kinds, PLAIN, palette, rng), horizon_row, rng)


def draw_composition(
    kinds: tuple[Kind, ...], style: Style, backdrop: Backdrop | None, rng: np.random.Generator
) -> Scene:
    """Draw a scene with an object of each of ``kinds``, none overlapping, with or without a backdrop.

    An object for which no free position is found is left out.
    """
    palette = draw_palette(rng)
    canvas, horizon_row = _cluttered_canvas(style, backdrop, palette, rng)
    return _finish(canvas, _scatter(canvas, kinds, style, palette, rng), horizon_row, rng)


def _cluttered_canvas(
    style: Style, backdrop: Backdrop | None, palette: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, int | None]:
    width, height = style.size or (int(rng.integers(*style.side, endpoint=True)) for _ in range(2))
    if backdrop is None:
        canvas, horizon_row = camouflage(width, height, palette, rng), None
    else:
        canvas = calm(width, height, rng)
        horizon_row = _draw_backdrop(canvas, backdrop, rng)
    for _ in range(rng.integers(*style.clutter, endpoint=True)):
        draw_clutter(canvas, palette, rng)
    return canvas, horizon_row


def _draw_backdrop(canvas: np.ndarray, backdrop: Backdrop, rng: np.random.Generator) -> int:
    height, width, _ = canvas.shape
    top = round(height * (backdrop.horizon + rng.uniform(-0.08, 0.08) * (backdrop.horizon > 0)))
    pose = Pose(tuple(rng.uniform(0, (width, height))), rng.uniform(0.4, 0.7) * height, 0)
    y, x = np.mgrid[top:height, :width]
    pattern = TEXTURES[backdrop.texture](*pose.to_unit(x, y)) - 0.5
    tint = np.subtract(colorsys.hsv_to_rgb((backdrop.hue + rng.normal(0, 0.05)) % 1, 0.5, 0.7), 0.5)
    canvas[top:] += (0.8 * tint + backdrop.contrast * pattern[..., None]).astype(np.float32)
    return top


def _scatter(
    canvas: np.ndarray,
    kinds: tuple[Kind, ...],
    style: Style,
    palette: np.ndarray,
    rng: np.random.Generator,
) -> tuple[SceneObject, ...]:
    height, width, _ = canvas.shape
    objects: list[SceneObject] = []
    for _ in range(len(kinds) * 8):  # several attempts, because positions may be occupied
        kind = kinds[min(len(objects), len(kinds) - 1)]
        pose = _random_pose(width, height, style, len(objects), rng)
        outline = pose.to_pixels(SHAPES[kind.shape])
        box = visible_box(outline, width, height)
        if len(objects) < len(kinds) and not any(overlap(box, other.box) for other in objects):
            part = _draw_object(canvas, kind, pose, style, palette, rng)
            objects.append(SceneObject(kind, outline, box, part))
    return tuple(objects)


def _random_pose(
    width: int, height: int, style: Style, number: int, rng: np.random.Generator
) -> Pose:
    """Return the pose of a scene's object ``number``, counted from 0."""
    scale = rng.uniform(*style.reach) * min(width, height) * (1.0 if number == 0 else style.others)
    margin = style.margin * scale
    centre = (rng.uniform(margin, width - margin), rng.uniform(margin, height - margin))
    return Pose(centre, scale, rng.uniform(*style.turn))


def _draw_object(
    canvas: np.ndarray,
    kind: Kind,
    pose: Pose,
    style: Style,
    palette: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw an object; return the outline of its part."""
    texture, outline = TEXTURES[kind.texture], pose.to_pixels(SHAPES[kind.shape])
    paint(canvas, outline, two_colours(palette, rng), lambda x, y: texture(*pose.to_unit(x, y)))
    spot = tuple(pose.to_pixels(np.array([[style.part_at, 0.0]]))[0])
    shape, colour = PARTS[kind.part]
    part = Pose(spot, style.part_size * pose.scale, pose.angle).to_pixels(shape)
    fill(canvas, part, np.array(colour, float))
    return part


def _finish(
    canvas: np.ndarray,
    objects: tuple[SceneObject, ...],
    horizon_row: int | None,
    rng: np.random.Generator,
) -> Scene:
    noise = rng.normal(0, 0.02, canvas.shape).astype(np.float32)
    return Scene(
        (np.clip(canvas + noise, 0, 1) * 255).round().astype(np.uint8), objects, horizon_row
    )
