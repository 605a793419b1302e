"""The twins of the four scene sets: SUN397, MIT Indoor67, Scene15, SUN Attribute.

As published: SUN397's classes nest, its lists begin with a slash and one of its .jpg files is a GIF;
one Indoor67 file is a .JPG; Scene15 is mostly grayscale; SUN Attribute's labels are means of three
votes, of which one is noisy.
"""

import string
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from pipeline_lib.data.synthetic.classes import HORIZONS, THINGS, Composition, places
from pipeline_lib.data.synthetic.kinds import KINDS
from pipeline_lib.data.synthetic.pictures import Draw, Drawn, Picture
from pipeline_lib.data.synthetic.scenes import Backdrop, Style
from pipeline_lib.data.synthetic.sidecars import cells, write_lines, write_mat
from pipeline_lib.data.synthetic.sizes import CLASSES, IMAGES, TEST, TRAIN

PARTITIONS = 3  # of SUN397's official ten
SUN_IMAGES = IMAGES + 2  # of a class: more than a partition takes, so that partitions differ
ATTRIBUTE_IMAGES = 200  # a third or more show an attribute: 12 to train on, the others to test on
NOISY = 0.25  # how often one of the three voters is wrong

VARIED = Style(reach=(0.16, 0.42), others=0.8, clutter=(1, 3))  # things small and large
UNCLUTTERED = replace(THINGS, reach=(0.3, 0.42), clutter=(0, 1))

_NOUNS = tuple(HORIZONS)


def write_sun397(folder: Path, rng: np.random.Generator, draw: Draw) -> None:
    """``<letter>/<class>[/<subclass>]/sun_*.jpg``, ``ClassName.txt``, ``Partitions/``."""
    classes = places(CLASSES, 1, _NOUNS)
    classes[1] = replace(classes[1], name=f"{classes[1].name}/outdoor")
    classes.sort(key=lambda one: one.name)
    images = {one: [sun_name(one, rng) for _ in range(SUN_IMAGES)] for one in classes}
    draw(
        [
            Picture(path, one, "GIF" if one is classes[0] and path == paths[0] else "RGB")
            for one, paths in images.items()
            for path in paths
        ]
    )
    lists = folder / "Partitions"
    lists.mkdir()
    for place in (folder, lists):
        write_lines(place / "ClassName.txt", [f"/{one.name[0]}/{one.name}" for one in classes])
    for number in range(1, PARTITIONS + 1):
        orders = [rng.permutation(paths).tolist() for paths in images.values()]
        parts = (("Training", slice(TRAIN)), ("Testing", slice(TRAIN, TRAIN + TEST)))
        for part, taken in parts:
            lines = [f"/{path}" for order in orders for path in order[taken]]
            write_lines(lists / f"{part}_{number:02}.txt", lines)


def write_indoor67(folder: Path, rng: np.random.Generator, draw: Draw) -> None:
    """``Images/<class>/*.jpg``, ``TrainImages.txt`` and ``TestImages.txt`` in the set's folder."""
    pictures, parts = [], {"Train": [], "Test": []}
    for one in places(CLASSES, 2, ("hall",)):
        for index in range(TRAIN + TEST):
            suffix = "JPG" if index == 0 else "jpg"
            path = f"{one.name}/{one.name}_{rng.integers(10**6):06}_{index}.{suffix}"
            pictures.append(Picture(f"Images/{path}", one))
            parts["Train" if index < TRAIN else "Test"].append(path)
    draw(pictures)
    for part, paths in parts.items():
        write_lines(folder / f"{part}Images.txt", paths)


def write_scene15(_folder: Path, _rng: np.random.Generator, draw: Draw) -> None:
    """``<class>/image_NNNN.jpg``; every tenth is in colour."""
    # Without its colour a faint texture is none, and networks of the ILSVRC world have seen no gray.
    plain = [
        replace(one, backdrop=replace(one.backdrop, contrast=0.8), style=UNCLUTTERED)
        for one in places(CLASSES, 3, _NOUNS)
    ]
    draw(
        [
            Picture(f"{one.name}/image_{number:04}.jpg", one, "RGB" if number % 10 == 0 else "L")
            for one in plain
            for number in range(1, IMAGES + 1)
        ]
    )


# What makes an attribute true of an image; no class is the same as an attribute.
ATTRIBUTES: dict[str, Callable[[Drawn, Backdrop], bool]] = {
    "open area": lambda drawn, backdrop: backdrop.horizon > 0,
    "crowded": lambda drawn, backdrop: len(drawn.objects) == 3,
    "large thing": lambda drawn, backdrop: any(
        max(x1 - x0, y1 - y0) > 0.5 * min(drawn.size)
        for x0, y0, x1, y1 in (one.box for one in drawn.objects)
    ),
    "round things": lambda drawn, backdrop: any(
        one.kind.shape in ("disc", "oval") for one in drawn.objects
    ),
    "wavy things": lambda drawn, backdrop: any(
        one.kind.texture in ("wavy", "ringed") for one in drawn.objects
    ),
    "checked things": lambda drawn, backdrop: any(
        one.kind.texture in ("checked", "netted") for one in drawn.objects
    ),
    "spotted things": lambda drawn, backdrop: any(
        one.kind.texture in ("dotted", "speckled") for one in drawn.objects
    ),
    "bolts": lambda drawn, backdrop: any("bolt" in one.kind.part for one in drawn.objects),
}


def write_sun_attribute(folder: Path, rng: np.random.Generator, draw: Draw) -> None:
    """``images/<letter>/<class>/sun_*.jpg``, and three .mat files: names, attributes, votes."""
    among = places(CLASSES, 4, _NOUNS)
    shown = [
        replace(among[index % CLASSES], objects=(KINDS,) * int(rng.integers(1, 4)), style=VARIED)
        for index in range(ATTRIBUTE_IMAGES)
    ]
    paths = [sun_name(one, rng) for one in shown]
    drawn = draw([Picture(f"images/{path}", one) for path, one in zip(paths, shown, strict=True)])
    truth = np.array(
        [
            [holds(one, place.backdrop) for holds in ATTRIBUTES.values()]
            for one, place in zip(drawn, shown, strict=True)
        ]
    )
    wrong = rng.random(truth.shape) < NOISY
    votes = np.where(truth, 3 - wrong, 0 + wrong) / 3
    write_mat(folder / "images.mat", {"images": cells(paths)})
    write_mat(folder / "attributes.mat", {"attributes": cells(ATTRIBUTES)})
    write_mat(folder / "attributeLabels_continuous.mat", {"labels_cv": votes})


def sun_name(one: Composition, rng: np.random.Generator) -> str:
    """Return the path of a new image of a class, as in SUN: ``<letter>/<class>/sun_*.jpg``."""
    letters = "".join(string.ascii_lowercase[index] for index in rng.integers(26, size=16))
    return f"{one.name[0]}/{one.name}/sun_{letters}.jpg"
