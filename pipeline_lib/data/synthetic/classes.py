"""The classes of the nine small twins: scenes, objects, actions, events and birds.

All are made of the shapes, textures and parts of the ILSVRC world's kinds, put together otherwise:
features learned there serve here, as features of ImageNet serve other photographs.
"""

from dataclasses import dataclass, replace

import numpy as np

from pipeline_lib.data.synthetic.kinds import KINDS, PARTS, SHAPES, TEXTURES, Kind
from pipeline_lib.data.synthetic.scenes import Backdrop, Scene, Style, draw_composition

ACTORS = KINDS[:3]  # who acts says nothing of the action
STRAY = 0.1  # how often a thing in a place is of any kind instead of one that tends to be there
HORIZONS = {"hall": 0.0, "field": 0.35, "shore": 0.6}  # 0 is a wall all over
THINGS = Style(reach=(0.22, 0.36), others=0.9, clutter=(1, 3))  # a few to a place
SINGLE = Style(reach=(0.3, 0.5), margin=0.9, clutter=(1, 3))
CROWD = Style(reach=(0.3, 0.42), others=0.45)  # a large one and small ones
# held beside the body
TOOL = Style(reach=(0.22, 0.32), margin=1.1, part_at=1.2, part_size=0.6, clutter=(1, 3))
# A bird is small in its image and its mark is smaller still: with the whole image warped to a
# network's input the mark is a smudge, and a crop to the bird shows it at the size it has in the
# ILSVRC world. Its place is anywhere.
BIRD = Style(side=(160, 200), reach=(0.18, 0.3), margin=0.8, turn=(-0.3, 0.3), part_size=0.18)

_SHAPES, _TEXTURES, _PARTS = tuple(SHAPES), tuple(TEXTURES), tuple(PARTS)


@dataclass(frozen=True)
class Composition:
    """A class: ``objects`` holds, for each object of an image, the kinds of which it is one."""

    name: str
    objects: tuple[tuple[Kind, ...], ...]
    style: Style
    backdrop: Backdrop | None = None
    stray: float = 0.0

    def draw(self, rng: np.random.Generator) -> Scene:
        """Draw a new image of the class; with probability ``stray`` an object is of any kind."""
        kinds = []
        for choices in self.objects:
            among = KINDS if rng.random() < self.stray else choices
            kinds.append(among[rng.integers(len(among))])
        return draw_composition(tuple(kinds), self.style, self.backdrop, rng)


def places(count: int, shift: int, nouns: tuple[str, ...]) -> list[Composition]:
    """Return ``count`` places, each with its backdrop and two kinds that tend to occur before it.

    Another ``shift``, 1 to 4, makes other places; no two share both kinds. ``nouns`` are of
    ``HORIZONS`` and taken in turn.
    """
    made = []
    for index in range(count):
        noun, texture = nouns[index % len(nouns)], _TEXTURES[(3 * index + shift) % 10]
        backdrop = Backdrop(texture, hue=7 * index % 10 / 10, horizon=HORIZONS[noun])
        typical = (KINDS[index], KINDS[(index + shift) % 10])
        name = f"{texture}_{noun}"
        made.append(Composition(name, (typical,) * 3, THINGS, backdrop, stray=STRAY))
    return made


def objects(count: int, shift: int) -> list[Composition]:
    """Return ``count`` classes of single objects, none of them a kind of the ILSVRC world.

    A texture is ``shift`` places further along than its shape.
    """
    made = []
    for index in range(count):
        shape, texture = _SHAPES[index], _TEXTURES[(index + shift) % 10]
        kind = Kind(shape, texture, _PARTS[(index + 2 * shift + 1) % 10], hue=7 * index % 10 / 10)
        made.append(Composition(f"{texture}_{shape}", ((kind,),), SINGLE))
    return made


def actions(count: int) -> list[Composition]:
    """Return ``count`` classes of an actor that holds a tool: a part, large, beside its body."""
    return [
        Composition(
            f"holding_{tool}".replace(" ", "_"),
            (tuple(replace(kind, part=tool) for kind in ACTORS),),
            TOOL,
        )
        for tool in _PARTS[:count]
    ]


def events(count: int) -> list[Composition]:
    """Return ``count`` classes of one large thing among three small ones of another kind.

    Two neighbouring classes are made of the same two kinds, with the sizes exchanged.
    """
    made = []
    for index in range(count):
        large, small = KINDS[index], KINDS[index ^ 1]
        name = f"{small.shape}s_round_{large.shape}"
        made.append(Composition(name, ((large,), *((small,),) * 3), CROWD))
    return made


def birds(count: int) -> list[Composition]:
    """Return ``count`` species: the same body, and a mark of its own on each (one of the parts)."""
    return [
        Composition(
            f"{mark} bird".title().replace(" ", "_"), ((replace(KINDS[0], part=mark),),), BIRD
        )
        for mark in _PARTS[:count]
    ]


def nothing(name: str) -> Composition:
    """Return the class of images without an object: clutter alone."""
    return Composition(name, (), SINGLE)
