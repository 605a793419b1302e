"""The kinds of synthetic objects: a body shape, a texture on it, and a small part.

The texture covers the whole body and the part is at one end of it, so an object has both an extent
and a most discriminative spot: this is where average and max pooling differ (paper, 3.2).
Shapes are in unit coordinates, the body within [-1, 1] squared; textures map the same coordinates
to [0, 1], the mixing ratio of an object's two colours, which say nothing about its kind.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Texture = Callable[[np.ndarray, np.ndarray], np.ndarray]


def _polygon(*points: tuple[float, float]) -> np.ndarray:
    return np.array(points, dtype=np.float64)


def _around(radius: Callable[[np.ndarray], np.ndarray], squeeze: float = 1.0) -> np.ndarray:
    angle = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    r = radius(angle)
    return np.stack([r * np.cos(angle), squeeze * r * np.sin(angle)], axis=1)


SHAPES: dict[str, np.ndarray] = {
    "disc": _around(np.ones_like),
    "oval": _around(np.ones_like, squeeze=0.6),
    "slab": _polygon((-1, -0.55), (1, -0.55), (1, 0.55), (-1, 0.55)),
    "tile": _polygon((-0.85, -0.85), (0.85, -0.85), (0.85, 0.85), (-0.85, 0.85)),
    "kite": _polygon((-1, 0), (0, -0.75), (1, 0), (0, 0.75)),
    "wedge": _polygon((-0.95, 0.8), (-0.95, -0.8), (1, 0)),
    "clover": _around(lambda a: 0.75 + 0.25 * np.cos(4 * a)),
    "star": _around(lambda a: 0.78 + 0.22 * np.cos(6 * a)),
    "arch": _polygon((-1, 0.8), (-1, -0.4), (-0.6, -0.8), (0.6, -0.8), (1, -0.4), (1, 0.8)),
    "cross": _polygon(
        *((-0.45, -0.95), (0.45, -0.95), (0.45, -0.45), (0.95, -0.45), (0.95, 0.45), (0.45, 0.45)),
        *(
            (0.45, 0.95),
            (-0.45, 0.95),
            (-0.45, 0.45),
            (-0.95, 0.45),
            (-0.95, -0.45),
            (-0.45, -0.45),
        ),
    ),
}


def _wave(x: np.ndarray, pale: float = 0.0) -> np.ndarray:
    """Waves of period 2; with ``pale`` above 0 more than half of a period is 1, below 0 less."""
    return np.clip(0.5 + 1.5 * (np.sin(np.pi * x) + pale), 0, 1)


# They differ in the share of the pale colour too: a network of this size, trained for a minute, tells
# that apart long before it tells zigzags from waves. Finer ones would have edges everywhere, and a
# gradient that covers the whole body seeds a graph cut well.
TEXTURES: dict[str, Texture] = {
    "striped": lambda x, y: _wave(5 * x),
    "checked": lambda x, y: _wave(4 * x) * _wave(4 * y) + (1 - _wave(4 * x)) * (1 - _wave(4 * y)),
    "ringed": lambda x, y: _wave(7 * np.hypot(x, y), pale=-0.6),
    "dotted": lambda x, y: np.clip(3 * np.sin(np.pi * 5 * x) * np.sin(np.pi * 5 * y) - 0.5, 0, 1),
    "zigzag": lambda x, y: _wave(7 * (y + 0.35 * np.abs((3 * x) % 2 - 1))),
    "netted": lambda x, y: np.maximum(_wave(5 * (x + y)), _wave(5 * (x - y))),
    "rayed": lambda x, y: np.clip(0.5 + 1.5 * np.sin(9 * np.arctan2(y, x)), 0, 1),
    "bricked": lambda x, y: np.minimum(
        np.abs((5 * y) % 2 - 1) < 0.7,
        np.abs((2.5 * x + np.floor(2.5 * y)) % 2 - 1) < 0.8,
    ).astype(float),
    "wavy": lambda x, y: _wave(5 * (y + 0.25 * np.sin(np.pi * 2 * x)), pale=0.6),
    "speckled": lambda x, y: np.clip(
        4 * np.sin(9.3 * x + 2 * np.sin(6.1 * y)) * np.sin(8.7 * y + 2 * np.sin(7.3 * x)) - 1,
        0,
        1,
    ),
}

# A part is a small polygon in its own unit coordinates, in a bright colour (RGB in [0, 1]).
# No two kinds share a part, so the part alone identifies the kind, as does the body.
PARTS: dict[str, tuple[np.ndarray, tuple[float, float, float]]] = {
    "yellow bolt": (_polygon((-1, -0.3), (1, -0.3), (1, 0.3), (-1, 0.3)), (1, 0.9, 0.1)),
    "white horn": (_polygon((-0.7, 0.8), (0.7, 0.8), (0, -1)), (1, 1, 1)),
    "red knob": (_around(np.ones_like), (1, 0.15, 0.1)),
    "cyan plus": (SHAPES["cross"], (0.1, 0.95, 1)),
    "green spark": (_around(lambda a: 0.6 + 0.4 * np.cos(4 * a)), (0.2, 1, 0.2)),
    "white bolt": (_polygon((-0.3, -1), (0.3, -1), (0.3, 1), (-0.3, 1)), (1, 1, 1)),
    "orange horn": (_polygon((-0.7, -0.8), (0.7, -0.8), (0, 1)), (1, 0.55, 0.05)),
    "yellow knob": (_around(np.ones_like), (1, 0.9, 0.1)),
    "pink plus": (SHAPES["cross"], (1, 0.4, 0.8)),
    "blue spark": (_around(lambda a: 0.6 + 0.4 * np.cos(3 * a)), (0.35, 0.5, 1)),
}


@dataclass(frozen=True)
class Kind:
    """A kind of object."""

    shape: str
    texture: str
    part: str

    @property
    def name(self) -> str:
        """A readable name, for example "striped disc with a horn"."""
        article = "an" if self.part[0] in "aeiou" else "a"
        return f"{self.texture} {self.shape} with {article} {self.part}"


KINDS: tuple[Kind, ...] = tuple(
    Kind(shape, texture, part) for shape, texture, part in zip(SHAPES, TEXTURES, PARTS, strict=True)
)
