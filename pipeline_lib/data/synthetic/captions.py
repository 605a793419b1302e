"""The synthetic COCO captions: scenes of one to three objects, with five captions each.

Captions resemble what people write: they use synonyms, leave objects out, say where an object is, or
mention what cannot be seen. Three kinds of objects, the planted concepts, have names of their own, which
captions use for nothing else; some captions name a planted concept that is absent.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline_lib.data.synthetic.compositions import FEW_OBJECTS, Composition
from pipeline_lib.data.synthetic.image_files import DrawImages, ImageContent, ImageSpec
from pipeline_lib.data.synthetic.kinds import KINDS, Kind
from pipeline_lib.data.synthetic.scenes import Backdrop

IMAGES_PER_SPLIT = {"train2014": 190, "val2014": 90}
CAPTIONS_PER_IMAGE = 5
PLANTED = {"paper lantern": KINDS[0], "ship wheel": KINDS[6], "river stone": KINDS[2]}
PLANTED_RATE = 0.55  # how often an object is of a planted kind
MENTION_RATE = 0.8  # how often a caption mentions an object
OWN_NAME_RATE = 0.85  # how often a planted object is called by its own name
WRONG_RATE = 0.08  # how often an image's captions name an absent planted concept

SYNONYMS = {
    **{"disc": ("disc", "plate"), "oval": ("oval", "egg"), "slab": ("slab", "board")},
    **{"tile": ("tile", "square"), "kite": ("kite", "diamond"), "wedge": ("wedge", "triangle")},
    **{"clover": ("clover", "leaf"), "star": ("star", "flower"), "arch": ("arch", "gate")},
    "cross": ("cross", "plus sign"),
}


@dataclass(frozen=True)
class Place:
    """The surroundings of objects: their look and their names in captions."""

    backdrop: Backdrop
    names: tuple[str, ...]


# No planted kind has one of these textures.
PLACES = (
    Place(Backdrop("wavy", 0.55, 0.6), ("at the shore", "by the water", "on the beach")),
    Place(Backdrop("bricked", 0.05, 0.0), ("in a hall", "in front of a brick wall")),
    Place(Backdrop("netted", 0.3, 0.35), ("in a field", "on the grass", "outdoors")),
)
FORMS = (
    "{objects} {place}.",
    "There is {objects} {place}.",
    "A picture of {objects}",
    "{objects} {place} on a quiet day.",
    "{objects}, put there by somebody.",
    "We can see {objects} {place}",
)


def write_captioned(
    root: Path,
    rng: np.random.Generator,
    draw: DrawImages,
    images_per_split: Mapping[str, int] = IMAGES_PER_SPLIT,
) -> None:
    """Write ``coco/<split>/COCO_<split>_*.jpg`` and ``coco/annotations/captions_<split>.json``.

    ``planted.json``, which COCO does not have, is the ground truth: for each planted concept the images,
    by their paths in ``coco``, that show its kind, and those whose captions name it although absent.
    """
    annotations = root / "coco" / "annotations"
    annotations.mkdir(parents=True)
    truth: dict[str, dict[str, list[str]]] = {
        phrase: {"shown": [], "wrongly named": []} for phrase in PLANTED
    }
    number = 0
    for split, count in images_per_split.items():
        ids = range(number + 1, number + count + 1)
        number += count
        names = {index: f"COCO_{split}_{index:012}.jpg" for index in ids}
        places = {index: PLACES[rng.integers(len(PLACES))] for index in ids}
        specs = [
            ImageSpec(f"coco/{split}/{names[index]}", _composition(places[index], rng))
            for index in ids
        ]
        content = {"info": {"description": "Synthetic twin of COCO"}, "licenses": []}
        content |= {"images": [], "annotations": []}
        for index, image in zip(ids, draw(specs), strict=True):
            absent_concept = _absent_concept(image, rng)
            for phrase, kind in PLANTED.items():
                if any(each.kind == kind for each in image.objects):
                    truth[phrase]["shown"].append(f"{split}/{names[index]}")
                elif phrase == absent_concept:
                    truth[phrase]["wrongly named"].append(f"{split}/{names[index]}")
            width, height = image.size
            content["images"].append(
                {"id": index, "file_name": names[index], "width": width, "height": height}
            )
            for _ in range(CAPTIONS_PER_IMAGE):
                caption = _caption(image, places[index], absent_concept, rng)
                annotation_id = len(content["annotations"])
                content["annotations"].append(
                    {"image_id": index, "id": annotation_id, "caption": caption}
                )
        (annotations / f"captions_{split}.json").write_text(json.dumps(content))
    (root / "planted.json").write_text(json.dumps(truth, indent=2))


def _composition(place: Place, rng: np.random.Generator) -> Composition:
    planted = tuple(PLANTED.values())
    others = tuple(kind for kind in KINDS if kind not in planted)
    objects = tuple(
        planted if rng.random() < PLANTED_RATE else others for _ in range(rng.integers(1, 4))
    )
    return Composition("captioned", objects, FEW_OBJECTS, place.backdrop)


def _absent_concept(image: ImageContent, rng: np.random.Generator) -> str | None:
    """Return, at ``WRONG_RATE``, a planted concept that is not in the image."""
    kinds = [each.kind for each in image.objects]
    absent = [phrase for phrase, kind in PLANTED.items() if kind not in kinds]
    return absent[rng.integers(len(absent))] if absent and rng.random() < WRONG_RATE else None


def _caption(
    image: ImageContent, place: Place, absent_concept: str | None, rng: np.random.Generator
) -> str:
    kinds = [each.kind for each in image.objects]
    mentioned = [kind for kind in kinds if rng.random() < MENTION_RATE] or kinds
    names = [_name(kind, rng) for kind in mentioned]
    if absent_concept is not None and rng.random() < MENTION_RATE:
        names.append(f"a {absent_concept}")
    if not names:
        names = ["nothing at all"]
    objects = " and ".join(dict.fromkeys(names))
    where = place.names[rng.integers(len(place.names))]
    text = FORMS[rng.integers(len(FORMS))].format(objects=objects, place=where)
    return text[0].upper() + text[1:]


def _name(kind: Kind, rng: np.random.Generator) -> str:
    own = [phrase for phrase, planted in PLANTED.items() if planted == kind]
    if own and rng.random() < OWN_NAME_RATE:
        return f"a {own[0]}"
    noun = SYNONYMS[kind.shape][rng.integers(2)]
    name = f"{kind.texture} {noun}" if rng.random() < 0.5 else noun
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"
