"""Which images train and which test: drawn at random, or listed officially."""

from pathlib import Path

import numpy as np

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.transfer.sets import Asked


def shuffled(images: list[str], seed: int, split: int, *names: str) -> list[str]:
    """Return ``images`` in a random order that depends on nothing but the arguments.

    ``names`` (of a class, of an attribute) keep the draws of different classes apart, so that a
    class is drawn alike whichever other classes are there.
    """
    entropy = [seed, split, *"\0".join(names).encode()]
    order = np.random.default_rng(entropy).permutation(len(images))
    return [images[position] for position in order]


def random_splits(
    images_of: dict[str, list[str]], asked: Asked
) -> tuple[list[tuple], dict[str, tuple[int, int]]]:
    """Draw ``asked.splits`` splits of every class; return their rows and ``{class: (train, test)}``.

    A class with no more images than training takes keeps one for testing; one with a single image
    is left out, as (0, 0). Raises InputError where every class is.
    """
    sizes = {}
    for label, images in images_of.items():
        train = min(asked.train, len(images) - 1)
        test = len(images) - train if asked.test is None else min(asked.test, len(images) - train)
        sizes[label] = (train, test) if train else (0, 0)
    rows = []
    for split in range(1, asked.splits + 1):
        for label, images in images_of.items():
            train, test = sizes[label]
            order = shuffled(images, asked.seed, split, label)
            rows += part_rows(str(split), "train", order[:train], label)
            rows += part_rows(str(split), "test", order[train : train + test], label)
    if not rows:
        raise InputError(
            f"{asked.paper.name}: no class has two images, one to train on and one to test on"
        )
    return rows, sizes


def part_rows(split: str, part: str, images: list[str], label: str) -> list[tuple]:
    """Return the rows of one class in one part of a split."""
    return [(split, part, image, label) for image in images]


def listed_split(
    split: str, listed: dict[str, list[str]], label_of: dict[str, str], where: Path
) -> tuple[list[tuple], set[str]]:
    """Return the rows of an official split and the listed images that are not there.

    ``listed`` maps train and test to image ids, ``label_of`` every image that is there to its
    class. A class without an image in both parts is left out. Raises InputError, naming ``where``
    the lists are, for an image in both parts and for lists of which nothing is there.
    """
    both = set(listed["train"]).intersection(listed["test"])
    if both:
        raise InputError(f"{where}: {min(both)} is in train and in test; unpack the lists again")
    wanted = {part: dict.fromkeys(names) for part, names in listed.items()}
    labels = [{label_of[name] for name in names if name in label_of} for names in wanted.values()]
    usable = set.intersection(*labels)
    rows = [
        (split, part, name, label_of[name])
        for part, names in wanted.items()
        for name in names
        if label_of.get(name) in usable
    ]
    if not rows:
        raise InputError(
            f"{where}: no class has a training and a test image that is there; "
            "put or link the images the lists name"
        )
    return rows, {name for names in wanted.values() for name in names if name not in label_of}
