"""The twins of the sets of objects, actions and events: Caltech101 and 256, Action40, Event8.

As published: background and clutter classes, a folder of strays in 056.dog and a file in 198.spider,
some grayscale and CMYK files, a header over the list of actions, and a Thumbs.db.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np

from pipeline_lib.data.synthetic.classes import actions, events, nothing, objects
from pipeline_lib.data.synthetic.kinds import SHAPES
from pipeline_lib.data.synthetic.pictures import Draw, Picture
from pipeline_lib.data.synthetic.sidecars import write_annotation, write_lines
from pipeline_lib.data.synthetic.sizes import BACKGROUND, CLASSES, IMAGES, TEST, TRAIN

NUMBERS = (1, 2, 3, 9, 56, 112, 145, 198, 212, 256)  # of Caltech256's classes; clutter is 257
STRAYS = {56: "dog", 198: "spider"}  # two classes go by the names their strays have made known


def write_caltech101(_folder: Path, _rng: np.random.Generator, draw: Draw) -> None:
    """``<class>/image_NNNN.jpg`` and ``BACKGROUND_Google``; the first of a class is grayscale."""
    counts = dict.fromkeys(objects(len(SHAPES), shift=3), IMAGES)
    counts[nothing("BACKGROUND_Google")] = BACKGROUND
    draw(
        [
            Picture(f"{one.name}/image_{number:04}.jpg", one, "L" if number == 1 else "RGB")
            for one, count in counts.items()
            for number in range(1, count + 1)
        ]
    )


def write_caltech256(folder: Path, _rng: np.random.Generator, draw: Draw) -> None:
    """``NNN.class/NNN_MMMM.jpg`` and ``257.clutter``; of a class one is CMYK, one grayscale."""
    classes = {
        number: replace(one, name=STRAYS.get(number, one.name))
        for number, one in zip(NUMBERS, objects(len(SHAPES), shift=6), strict=True)
    }
    counts = dict.fromkeys(classes, IMAGES) | {257: BACKGROUND}
    classes[257] = nothing("clutter")
    forms = {1: "CMYK", 2: "L"}
    pictures = [
        Picture(f"{number:03}.{one.name}/{number:03}_{image:04}.jpg", one, forms.get(image, "RGB"))
        for number, one in classes.items()
        for image in range(1, counts[number] + 1)
    ]
    draw([*pictures, Picture("056.dog/greg/stray.jpg", nothing("stray"))])
    (folder / "198.spider/RENAME2").write_text("mv 198_0001.jpg 198_0002.jpg\n")


def write_action40(folder: Path, _rng: np.random.Generator, draw: Draw) -> None:
    """``JPEGImages/<action>_NNN.jpg``, ``ImageSplits/``, and the actor's box in ``XMLAnnotations/``."""
    shown = {
        f"{one.name}_{number:03}": one
        for one in actions(CLASSES)
        for number in range(1, TRAIN + TEST + 1)
    }
    drawn = draw([Picture(f"JPEGImages/{name}.jpg", one) for name, one in shown.items()])
    for sidecars in ("ImageSplits", "XMLAnnotations"):
        (folder / sidecars).mkdir()
    for (name, one), picture in zip(shown.items(), drawn, strict=True):
        write_annotation(
            folder / "XMLAnnotations" / f"{name}.xml",
            folder="JPEGImages",
            filename=f"{name}.jpg",
            size=picture.size,
            names={"name": "person", "action": one.name},
            boxes=[actor.box for actor in picture.objects],
        )
    lines = ["action_name\tnumber_of_images"]
    for one in dict.fromkeys(shown.values()):
        names = [f"{name}.jpg" for name, shows in shown.items() if shows is one]
        for part, taken in (("train", names[:TRAIN]), ("test", names[TRAIN:])):
            write_lines(folder / "ImageSplits" / f"{one.name}_{part}.txt", taken)
        lines.append(f"{one.name}\t{len(names)}")
    write_lines(folder / "ImageSplits/actions.txt", lines)


def write_event8(folder: Path, _rng: np.random.Generator, draw: Draw) -> None:
    """``event_img/<class>/*.jpg`` with a ``Thumbs.db`` in every class."""
    classes = events(CLASSES)
    draw(
        [
            Picture(f"event_img/{one.name}/Easy_{one.name}_{number}.jpg", one)
            for one in classes
            for number in range(1, IMAGES + 1)
        ]
    )
    for one in classes:  # the signature of what it is on a real disk
        thumbnails = folder / "event_img" / one.name / "Thumbs.db"
        thumbnails.write_bytes(bytes.fromhex("d0cf11e0a1b11ae1"))
