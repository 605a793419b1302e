"""The twin of COCO's captions: scenes of one to three things, and five captions of each.

Captions are what people write: they call one thing by several names, leave things out, say where it
is or something that cannot be seen. Three kinds of thing have names of their own, the planted
concepts, by which alone they can be found; some captions name one that is not there.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline_lib.data.synthetic.classes import THINGS, Composition
from pipeline_lib.data.synthetic.kinds import KINDS, Kind
from pipeline_lib.data.synthetic.pictures import Draw, Drawn, Picture
from pipeline_lib.data.synthetic.scenes import Backdrop

SPLITS = {"train2014": 190, "val2014": 90}
CAPTIONS = 5
PLANTED = {"paper lantern": KINDS[0], "ship wheel": KINDS[6], "river stone": KINDS[2]}
FAMILIAR = 0.55  # how often a thing is of a planted kind
NAMED = 0.8  # how often a caption mentions a thing it could mention
OWN_NAME = 0.85  # how often a planted thing goes by its own name
WRONG = 0.08  # how often an image's captions name a planted thing that is not there

SYNONYMS = {
    **{"disc": ("disc", "plate"), "oval": ("oval", "egg"), "slab": ("slab", "board")},
    **{"tile": ("tile", "square"), "kite": ("kite", "diamond"), "wedge": ("wedge", "triangle")},
    **{"clover": ("clover", "leaf"), "star": ("star", "flower"), "arch": ("arch", "gate")},
    "cross": ("cross", "plus sign"),
}


@dataclass(frozen=True)
class Place:
    """Where things are: how it looks and what people call it."""

    backdrop: Backdrop
    names: tuple[str, ...]


# Of no planted thing's texture.
PLACES = (
    Place(Backdrop("wavy", 0.55, 0.6), ("at the shore", "by the water", "on the beach")),
    Place(Backdrop("bricked", 0.05, 0.0), ("in a hall", "in front of a brick wall")),
    Place(Backdrop("netted", 0.3, 0.35), ("in a field", "on the grass", "outdoors")),
)
FORMS = (
    "{things} {place}.",
    "There is {things} {place}.",
    "A picture of {things}",
    "{things} {place} on a quiet day.",
    "{things}, put there by somebody.",
    "We can see {things} {place}",
)


def write_captioned(root: Path, rng: np.random.Generator, draw: Draw) -> None:
    """``coco/<split>/COCO_<split>_*.jpg`` and ``coco/annotations/captions_<split>.json``.

    Beside them ``planted.json``, no part of COCO: for each planted concept the images, by their
    paths in ``coco``, that show its kind, and those whose captions name it without.
    """
    annotations = root / "coco" / "annotations"
    annotations.mkdir(parents=True)
    truth: dict[str, dict[str, list[str]]] = {
        phrase: {"shown": [], "wrongly named": []} for phrase in PLANTED
    }
    number = 0
    for split, count in SPLITS.items():
        ids = range(number + 1, number + count + 1)
        number += count
        names = {index: f"COCO_{split}_{index:012}.jpg" for index in ids}
        places = {index: PLACES[rng.integers(len(PLACES))] for index in ids}
        pictures = [
            Picture(f"coco/{split}/{names[index]}", _composition(places[index], rng))
            for index in ids
        ]
        content = {"info": {"description": "Synthetic twin of COCO"}, "licenses": []}
        content |= {"images": [], "annotations": []}
        for index, drawn in zip(ids, draw(pictures), strict=True):
            strange = _strange(drawn, rng)
            for phrase, kind in PLANTED.items():
                if any(one.kind == kind for one in drawn.objects):
                    truth[phrase]["shown"].append(f"{split}/{names[index]}")
                elif phrase == strange:
                    truth[phrase]["wrongly named"].append(f"{split}/{names[index]}")
            width, height = drawn.size
            content["images"].append(
                {"id": index, "file_name": names[index], "width": width, "height": height}
            )
            for _ in range(CAPTIONS):
                caption = _caption(drawn, places[index], strange, rng)
                one = {"image_id": index, "id": len(content["annotations"]), "caption": caption}
                content["annotations"].append(one)
        (annotations / f"captions_{split}.json").write_text(json.dumps(content))
    (root / "planted.json").write_text(json.dumps(truth, indent=2))


def _composition(place: Place, rng: np.random.Generator) -> Composition:
    planted = tuple(PLANTED.values())
    others = tuple(kind for kind in KINDS if kind not in planted)
    objects = tuple(
        planted if rng.random() < FAMILIAR else others for _ in range(rng.integers(1, 4))
    )
    return Composition("captioned", objects, THINGS, place.backdrop)


def _strange(drawn: Drawn, rng: np.random.Generator) -> str | None:
    """A planted concept that is not in the picture, now and then."""
    kinds = [one.kind for one in drawn.objects]
    absent = [phrase for phrase, kind in PLANTED.items() if kind not in kinds]
    return absent[rng.integers(len(absent))] if absent and rng.random() < WRONG else None


def _caption(drawn: Drawn, place: Place, strange: str | None, rng: np.random.Generator) -> str:
    kinds = [one.kind for one in drawn.objects]
    mentioned = [kind for kind in kinds if rng.random() < NAMED] or kinds
    named = [_name(kind, rng) for kind in mentioned]
    if strange is not None and rng.random() < NAMED:
        named.append(f"a {strange}")
    if not named:
        named = ["nothing at all"]
    things = " and ".join(dict.fromkeys(named))
    where = place.names[rng.integers(len(place.names))]
    text = FORMS[rng.integers(len(FORMS))].format(things=things, place=where)
    return text[0].upper() + text[1:]


def _name(kind: Kind, rng: np.random.Generator) -> str:
    own = [phrase for phrase, planted in PLANTED.items() if planted == kind]
    if own and rng.random() < OWN_NAME:
        return f"a {own[0]}"
    noun = SYNONYMS[kind.shape][rng.integers(2)]
    name = f"{kind.texture} {noun}" if rng.random() < 0.5 else noun
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"
