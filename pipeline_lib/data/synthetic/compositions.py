"""The classes of the synthetic transfer sets: scenes, objects, actions, events and birds.

All combine the shapes, textures and parts of the synthetic ILSVRC's kinds in other ways: features
learned there are useful here, as ImageNet features are for other photographs.
"""

from dataclasses import dataclass, replace

import numpy as np

from pipeline_lib.data.synthetic.kinds import KINDS, PARTS, SHAPES, TEXTURES, Kind
from pipeline_lib.data.synthetic.scenes import Backdrop, Scene, Style, draw_composition

ACTORS = KINDS[:3]  # the actor is independent of the action
RANDOM_KIND_RATE = 0.1  # how often an object in a place is of any kind, not a typical one
HORIZONS = {"hall": 0.0, "field": 0.35, "shore": 0.6}  # 0 makes a wall
FEW_OBJECTS = Style(reach=(0.22, 0.36), others=0.9, clutter=(1, 3))  # in a place
SINGLE = Style(reach=(0.3, 0.5), margin=0.9, clutter=(1, 3))
CROWD = Style(reach=(0.3, 0.42), others=0.45)  # one large object and small ones
# held beside the body
TOOL = Style(reach=(0.22, 0.32), margin=1.1, part_at=1.2, part_size=0.6, clutter=(1, 3))
# A bird is small in its image: in a whole image warped to a network's input its plumage is finer than
# that of any object of the synthetic ILSVRC; in a crop of the bird it is as coarse. It may be anywhere.
BIRD = Style(side=(160, 200), reach=(0.16, 0.26), margin=0.8, turn=(-0.3, 0.3))

_SHAPES, _TEXTURES, _PARTS = tuple(SHAPES), tuple(TEXTURES), tuple(PARTS)
_KINDS = len(KINDS)  # and as many shapes, textures and parts: more classes than that repeat them


@dataclass(frozen=True)
class Composition:
    """A class: ``objects`` has, for each object of an image, the kinds that it may be of."""

    name: str
    objects: tuple[tuple[Kind, ...], ...]
    style: Style
    backdrop: Backdrop | None = None
    random_kind_rate: float = 0.0

    def draw(self, rng: np.random.Generator) -> Scene:
        """Draw a new image; with probability ``random_kind_rate`` an object is of any kind."""
        kinds = []
        for typical in self.objects:
            choices = KINDS if rng.random() < self.random_kind_rate else typical
            kinds.append(choices[rng.integers(len(choices))])
        return draw_composition(tuple(kinds), self.style, self.backdrop, rng)


def places(count: int, shift: int, nouns: tuple[str, ...]) -> list[Composition]:
    """Return ``count`` places, each with a backdrop and two typical kinds of objects.

    Another ``shift``, 1 to 4, makes other places; no two of the first ten share both kinds. ``nouns``
    are keys of ``HORIZONS`` and used in turn.
    """
    compositions = []
    for index in range(count):
        noun, texture = nouns[index % len(nouns)], _TEXTURES[(3 * index + shift) % 10]
        backdrop = Backdrop(texture, hue=7 * index % 10 / 10, horizon=HORIZONS[noun])
        typical = (KINDS[index % _KINDS], KINDS[(index + shift) % 10])
        name = _numbered(f"{texture}_{noun}", index)
        compositions.append(
            Composition(
                name, (typical,) * 3, FEW_OBJECTS, backdrop, random_kind_rate=RANDOM_KIND_RATE
            )
        )
    return compositions


def objects(count: int, shift: int) -> list[Composition]:
    """Return ``count`` classes of single objects, none of them a kind of the synthetic ILSVRC.

    The texture's index is the shape's plus ``shift``.
    """
    compositions = []
    for index in range(count):
        shape, texture = _SHAPES[index % _KINDS], _TEXTURES[(index + shift) % 10]
        kind = Kind(shape, texture, _PARTS[(index + 2 * shift + 1) % 10])
        name = _numbered(f"{texture}_{shape}", index)
        compositions.append(Composition(name, ((kind,),), SINGLE))
    return compositions


def actions(count: int) -> list[Composition]:
    """Return ``count`` classes of an actor that holds a tool: an enlarged part beside its body."""
    return [
        Composition(
            _numbered(f"holding_{tool}".replace(" ", "_"), index),
            (tuple(replace(kind, part=tool) for kind in ACTORS),),
            TOOL,
        )
        for index, tool in enumerate(_parts(count))
    ]


def events(count: int) -> list[Composition]:
    """Return ``count`` classes of one large object among three small ones of another kind.

    Two neighbouring classes have the same two kinds, with the sizes exchanged.
    """
    compositions = []
    for index in range(count):
        large, small = KINDS[index], KINDS[index ^ 1]
        name = f"{small.shape}s_round_{large.shape}"
        compositions.append(Composition(name, ((large,), *((small,),) * 3), CROWD))
    return compositions


def birds(count: int) -> list[Composition]:
    """Return ``count`` species: the same shape and part, each with its own plumage (a texture)."""
    textures = [_TEXTURES[index % _KINDS] for index in range(count)]
    return [
        Composition(
            _numbered(f"{texture}_bird".title(), index),
            ((replace(KINDS[0], texture=texture),),),
            BIRD,
        )
        for index, texture in enumerate(textures)
    ]


def clutter_only(name: str) -> Composition:
    """Return the class of images with clutter and no object."""
    return Composition(name, (), SINGLE)


def _numbered(name: str, index: int) -> str:
    """Return the name of class ``index``, different from those of the classes that look like it."""
    return name if index < _KINDS else f"{name}_{index + 1}"


def _parts(count: int) -> list[str]:
    return [_PARTS[index % _KINDS] for index in range(count)]
