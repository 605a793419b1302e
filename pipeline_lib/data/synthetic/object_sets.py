"""The synthetic sets of objects, actions and events: Caltech101, Caltech256, Action40, Event8.

As published, they have background and clutter classes, an extra folder in 056.dog and an extra file in
198.spider, some grayscale and CMYK files, a header in the list of actions, and a Thumbs.db.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from pipeline_lib.data.synthetic.annotation_files import write_annotation, write_lines
from pipeline_lib.data.synthetic.compositions import actions, clutter_only, events, objects
from pipeline_lib.data.synthetic.image_files import DrawImages, ImageSpec
from pipeline_lib.data.synthetic.sizes import BACKGROUND, MINI, OBJECTS, Size

NUMBERS = (1, 2, 3, 9, 56, 112, 145, 198, 212, 256)  # of Caltech256's classes; clutter is 257
CLASSES_WITH_EXTRAS = {56: "dog", 198: "spider"}  # the published set has extra files in them


def write_caltech101(
    _folder: Path, _rng: np.random.Generator, draw: DrawImages, size: Size = OBJECTS
) -> None:
    """Write ``<class>/image_NNNN.jpg``, ``BACKGROUND_Google``; a class's first image is grayscale."""
    classes = objects(size.classes, shift=3)
    counts = {each: size.images(index) for index, each in enumerate(classes)}
    counts[clutter_only("BACKGROUND_Google")] = BACKGROUND
    draw(
        [
            ImageSpec(f"{each.name}/image_{number:04}.jpg", each, "L" if number == 1 else "RGB")
            for each, count in counts.items()
            for number in range(1, count + 1)
        ]
    )


def write_caltech256(
    folder: Path,
    _rng: np.random.Generator,
    draw: DrawImages,
    size: Size = OBJECTS,
    numbers: Sequence[int] = NUMBERS,
) -> None:
    """Write ``NNN.class/NNN_MMMM.jpg``, ``257.clutter``; each class has a CMYK and a grayscale image.

    ``numbers`` are those of the classes; 56 and 198 are among them.
    """
    classes = {
        number: replace(each, name=CLASSES_WITH_EXTRAS.get(number, each.name))
        for number, each in zip(numbers, objects(size.classes, shift=6), strict=True)
    }
    counts = {number: size.images(index) for index, number in enumerate(numbers)}
    counts[257] = BACKGROUND
    classes[257] = clutter_only("clutter")
    formats = {1: "CMYK", 2: "L"}
    specs = [
        ImageSpec(
            f"{number:03}.{each.name}/{number:03}_{image:04}.jpg", each, formats.get(image, "RGB")
        )
        for number, each in classes.items()
        for image in range(1, counts[number] + 1)
    ]
    draw([*specs, ImageSpec("056.dog/greg/stray.jpg", clutter_only("stray"))])
    (folder / "198.spider/RENAME2").write_text("mv 198_0001.jpg 198_0002.jpg\n")


def write_action40(
    folder: Path, _rng: np.random.Generator, draw: DrawImages, size: Size = MINI
) -> None:
    """Write ``JPEGImages/<action>_NNN.jpg``, ``ImageSplits/``, ``XMLAnnotations/`` (actors' boxes)."""
    classes = actions(size.classes)
    action_of = {
        f"{action.name}_{number:03}": action
        for index, action in enumerate(classes)
        for number in range(1, size.images(index) + 1)
    }
    contents = draw([ImageSpec(f"JPEGImages/{name}.jpg", a) for name, a in action_of.items()])
    for subfolder in ("ImageSplits", "XMLAnnotations"):
        (folder / subfolder).mkdir()
    for (name, action), content in zip(action_of.items(), contents, strict=True):
        write_annotation(
            folder / "XMLAnnotations" / f"{name}.xml",
            folder="JPEGImages",
            filename=f"{name}.jpg",
            size=content.size,
            names={"name": "person", "action": action.name},
            boxes=[actor.box for actor in content.objects],
        )
    lines = ["action_name\tnumber_of_images"]
    for index, action in enumerate(classes):
        names = [f"{name}.jpg" for name, other in action_of.items() if other is action]
        train, _ = size.split(index)
        for subset, members in (("train", names[:train]), ("test", names[train:])):
            write_lines(folder / "ImageSplits" / f"{action.name}_{subset}.txt", members)
        lines.append(f"{action.name}\t{len(names)}")
    write_lines(folder / "ImageSplits/actions.txt", lines)


def write_event8(
    folder: Path, _rng: np.random.Generator, draw: DrawImages, size: Size = MINI
) -> None:
    """Write ``event_img/<class>/*.jpg``, with a ``Thumbs.db`` in every class."""
    classes = events(size.classes)
    draw(
        [
            ImageSpec(f"event_img/{event.name}/Easy_{event.name}_{number}.jpg", event)
            for index, event in enumerate(classes)
            for number in range(1, size.images(index) + 1)
        ]
    )
    for event in classes:
        thumbnails = folder / "event_img" / event.name / "Thumbs.db"
        thumbnails.write_bytes(bytes.fromhex("d0cf11e0a1b11ae1"))  # a real file's signature
