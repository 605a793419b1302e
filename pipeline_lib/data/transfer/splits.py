"""Training and test images: random splits, and official ones."""

from pathlib import Path

import numpy as np

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.transfer.sets import SplitSpec


def shuffled(images: list[str], seed: int, split: int, *names: str) -> list[str]:
    """Return ``images`` in a random order that depends only on the arguments.

    ``names`` (of a class, of an attribute) make the orders of different classes independent, so that
    the split of a class does not depend on which other classes there are.
    """
    entropy = [seed, split, *"\0".join(names).encode()]
    order = np.random.default_rng(entropy).permutation(len(images))
    return [images[position] for position in order]


def random_splits(
    images_of: dict[str, list[str]], spec: SplitSpec
) -> tuple[list[tuple], dict[str, tuple[int, int]]]:
    """Split every class ``spec.splits`` times; return the rows and ``{class: (train, test)}`` counts.

    A class with too few images for training keeps one for testing; a class with a single image is left
    out, with counts (0, 0). Raises InputError if every class is.
    """
    sizes = {}
    for label, images in images_of.items():
        train = min(spec.train, len(images) - 1)
        test = len(images) - train if spec.test is None else min(spec.test, len(images) - train)
        sizes[label] = (train, test) if train else (0, 0)
    rows = []
    for split in range(1, spec.splits + 1):
        for label, images in images_of.items():
            train, test = sizes[label]
            order = shuffled(images, spec.seed, split, label)
            rows += subset_rows(str(split), "train", order[:train], label)
            rows += subset_rows(str(split), "test", order[train : train + test], label)
    if not rows:
        raise InputError(
            f"{spec.paper.name}: no class has two images, one to train on and one to test on"
        )
    return rows, sizes


def subset_rows(split: str, subset: str, images: list[str], label: str) -> list[tuple]:
    """Return the rows of one class in one subset, train or test, of a split."""
    return [(split, subset, image, label) for image in images]


def official_split(
    split: str, listed: dict[str, list[str]], label_of: dict[str, str], lists: Path
) -> tuple[list[tuple], set[str]]:
    """Return the rows of an official split, and the listed images that are missing.

    ``listed`` maps train and test to image ids, ``label_of`` every image of the set to its class. A
    class without an image in one of the subsets is left out. Raises InputError, naming where the
    ``lists`` are, for an image in both subsets and if no listed image is there.
    """
    both = set(listed["train"]).intersection(listed["test"])
    if both:
        raise InputError(f"{lists}: {min(both)} is in train and in test; unpack the lists again")
    images_of = {subset: dict.fromkeys(names) for subset, names in listed.items()}
    labels = [
        {label_of[name] for name in names if name in label_of} for names in images_of.values()
    ]
    in_both = set.intersection(*labels)
    rows = [
        (split, subset, name, label_of[name])
        for subset, names in images_of.items()
        for name in names
        if label_of.get(name) in in_both
    ]
    if not rows:
        raise InputError(
            f"{lists}: no class has a training and a test image that is there; "
            "put or link the images the lists name"
        )
    return rows, {name for names in images_of.values() for name in names if name not in label_of}
