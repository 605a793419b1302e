"""Drawing a scene: a cluttered background, things that mean nothing, and objects of some kinds.

A scene knows everything about itself: every object's kind, outline and half-open box. Clutter
correlates with nothing; scale, place, turn and colours are drawn anew for every object.
"""

import colorsys
from dataclasses import dataclass

import numpy as np

from pipeline_lib.data.synthetic.drawing import (
    Box,
    Pose,
    background,
    draw_clutter,
    fill,
    meet,
    paint,
    two_colours,
    visible_box,
)
from pipeline_lib.data.synthetic.kinds import PARTS, SHAPES, TEXTURES, Kind

OBJECTS = (0.75, 0.18, 0.07)  # how often a scene has one, two, three objects of its kind


@dataclass(frozen=True)
class Style:
    """How objects lie in the images of a data set.

    ``side`` is an image's least and largest width and height in pixels, each drawn alone: aspects
    vary. ``reach`` is half the first object's length as a part of the shorter side, ``others`` what
    all others' are multiplied by; ``margin`` is how near a centre may come to the border, in half
    lengths, and ``turn`` the least and largest angle. A part of scale ``part_size`` sits at
    ``part_at`` on its body's long axis, both in the body's unit coordinates. ``clutter`` is the least
    and largest number of meaningless blobs.
    """

    side: tuple[int, int] = (112, 168)
    reach: tuple[float, float] = (0.18, 0.5)
    others: float = 0.7
    margin: float = 0.3  # the border may cut off a good part, as in photographs
    turn: tuple[float, float] = (0, 2 * np.pi)
    part_at: float = 0.6
    part_size: float = 0.2
    clutter: tuple[int, int] = (4, 8)


@dataclass(frozen=True)
class Backdrop:
    """A kind of place: a faint texture and tint of everything below a horizon.

    ``horizon`` is how far down it begins, as a part of the height; 0 is a wall all over. ``contrast``
    is the texture's, from its darkest to its brightest.
    """

    texture: str
    hue: float
    horizon: float
    contrast: float = 0.2


@dataclass(frozen=True)
class DrawnObject:
    """An object as drawn: ``polygon`` (n, 2) float in pixels, ``box`` half-open in whole pixels.

    ``part`` (m, 2) is the outline of its part, in pixels; the image's border may cut off either.
    """

    kind: Kind
    polygon: np.ndarray
    box: Box
    part: np.ndarray


@dataclass(frozen=True)
class Scene:
    """``image`` is (height, width, 3) uint8 RGB; ``edge`` is the first row of its backdrop, if any."""

    image: np.ndarray
    objects: tuple[DrawnObject, ...]
    edge: int | None = None


PLAIN = Style()


def draw_scene(kind: Kind, rng: np.random.Generator) -> Scene:
    """Draw a scene with one to three objects of ``kind``, none hiding another."""
    canvas, edge = _cluttered_canvas(PLAIN, None, rng)
    kinds = (kind,) * (1 + int(rng.choice(len(OBJECTS), p=OBJECTS)))
    return _finished(canvas, _scatter(canvas, kinds, PLAIN, rng), edge, rng)


def draw_composition(
    kinds: tuple[Kind, ...], style: Style, backdrop: Backdrop | None, rng: np.random.Generator
) -> Scene:
    """Draw a scene with an object of each of ``kinds``, none hiding another, in a place or nowhere.

    An object for which no place is left is not drawn.
    """
    canvas, edge = _cluttered_canvas(style, backdrop, rng)
    return _finished(canvas, _scatter(canvas, kinds, style, rng), edge, rng)


def _cluttered_canvas(
    style: Style, backdrop: Backdrop | None, rng: np.random.Generator
) -> tuple[np.ndarray, int | None]:
    width, height = (int(rng.integers(*style.side, endpoint=True)) for _ in range(2))
    canvas = background(width, height, rng)
    edge = None if backdrop is None else _draw_backdrop(canvas, backdrop, rng)
    for _ in range(rng.integers(*style.clutter, endpoint=True)):
        draw_clutter(canvas, rng)
    return canvas, edge


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
    canvas: np.ndarray, kinds: tuple[Kind, ...], style: Style, rng: np.random.Generator
) -> tuple[DrawnObject, ...]:
    height, width, _ = canvas.shape
    objects: list[DrawnObject] = []
    for _ in range(len(kinds) * 8):  # a place may be taken: a few tries an object
        kind = kinds[min(len(objects), len(kinds) - 1)]
        pose = _place(width, height, style, len(objects), rng)
        outline = pose.to_pixels(SHAPES[kind.shape])
        box = visible_box(outline, width, height)
        if len(objects) < len(kinds) and not any(meet(box, other.box) for other in objects):
            part = _draw_object(canvas, kind, pose, style, rng)
            objects.append(DrawnObject(kind, outline, box, part))
    return tuple(objects)


def _place(width: int, height: int, style: Style, already: int, rng: np.random.Generator) -> Pose:
    scale = rng.uniform(*style.reach) * min(width, height) * (1.0 if already == 0 else style.others)
    margin = style.margin * scale
    centre = (rng.uniform(margin, width - margin), rng.uniform(margin, height - margin))
    return Pose(centre, scale, rng.uniform(*style.turn))


def _draw_object(
    canvas: np.ndarray, kind: Kind, pose: Pose, style: Style, rng: np.random.Generator
) -> np.ndarray:
    """Draw an object and return the outline of its part."""
    texture, outline = TEXTURES[kind.texture], pose.to_pixels(SHAPES[kind.shape])
    paint(canvas, outline, two_colours(kind.hue, rng), lambda x, y: texture(*pose.to_unit(x, y)))
    spot = tuple(pose.to_pixels(np.array([[style.part_at, 0.0]]))[0])
    shape, colour = PARTS[kind.part]
    part = Pose(spot, style.part_size * pose.scale, pose.angle).to_pixels(shape)
    fill(canvas, part, np.array(colour, float))
    return part


def _finished(
    canvas: np.ndarray,
    objects: tuple[DrawnObject, ...],
    edge: int | None,
    rng: np.random.Generator,
) -> Scene:
    noise = rng.normal(0, 0.02, canvas.shape).astype(np.float32)
    return Scene((np.clip(canvas + noise, 0, 1) * 255).round().astype(np.uint8), objects, edge)
