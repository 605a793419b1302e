"""SUN Attribute: 102 attributes of scenes, each a binary problem, present or absent.

Source: the archives SUNAttributeDB_Images.tar.gz (``images/``) and SUNAttributeDB.tar.gz, whose .mat
files hold ``images`` (n paths below ``images/``), ``attributes`` (names) and ``labels_cv`` (n x
attributes, the mean of three people's votes).
"""

from pathlib import Path

import numpy as np
import scipy.io

from pipeline_lib.common.errors import InputError, reason_of
from pipeline_lib.data.image_files import existing, images_below
from pipeline_lib.data.manifest import ABSENT, PRESENT, ImageSet, Summary
from pipeline_lib.data.reading import UNLISTED
from pipeline_lib.data.transfer.listing import image_rows, readable
from pipeline_lib.data.transfer.notes import OfficialCounts, counted, random_split_notes, size_notes
from pipeline_lib.data.transfer.sets import SplitSpec
from pipeline_lib.data.transfer.splits import shuffled, subset_rows

OFFICIAL = OfficialCounts(14_340, 102)
NOUN = ("attribute", "attributes")
TOLERANCE = 0.01  # the file's thirds are rounded


def read_sun_attribute(root: Path, spec: SplitSpec) -> ImageSet:
    """Read the images of ``images.mat`` that are there, and split every attribute's images.

    Two or three of the three votes make an attribute present, none makes it absent; images with one vote
    are not used for it. An attribute trains on ``spec.train`` images with it and as many without, and
    tests on ``spec.test`` of each. A split has its attribute's name; from the second one on, a number
    is added: "camping", "camping (2)". Raises InputError for a missing or malformed .mat file and if
    there is no image.
    """
    names = [name.lstrip("/") for name in _strings(root / "images.mat", "images")]
    attributes = _strings(root / "attributes.mat", "attributes")
    votes = _votes(root / "attributeLabels_continuous.mat", (len(names), len(attributes)))
    for path, entries in (("images.mat", names), ("attributes.mat", attributes)):
        if len(set(entries)) < len(entries):
            raise InputError(f"{root / path}: has a repeated name; unpack the archive again")
    files = [root / "images" / name for name in names]
    there = set(existing(files))
    images_below(root / "images", set(files).__contains__, UNLISTED)
    present = np.array([file in there for file in files], dtype=bool)
    if not present.any():
        raise InputError(f"{root / 'images'}: no image of images.mat in it; put or link them there")
    names, votes = np.array(names)[present], votes[present]
    pools = {
        attribute: {
            PRESENT: names[vote > 2 / 3 - TOLERANCE].tolist(),
            ABSENT: names[vote < TOLERANCE].tolist(),
        }
        for attribute, vote in zip(attributes, votes.T, strict=True)
    }
    sizes = {
        attribute: _sizes(min(map(len, pool.values())), spec) for attribute, pool in pools.items()
    }
    splits = _split_rows(pools, sizes, spec)
    if not splits:
        raise InputError(f"{root}: no attribute has two images with it and two without")
    images = image_rows({"": names.tolist()}, "images")
    classes = [(name, number, readable(name)) for number, name in enumerate(attributes, 1)]
    notes = size_notes(len(images), len(classes), OFFICIAL, NOUN)
    notes += random_split_notes(sizes, spec, NOUN, "with an attribute and as many without")
    summary = Summary(spec.paper.name, len(images), OFFICIAL.images, notes)
    return ImageSet(images, [], classes, summary, splits)


def _sizes(available: int, spec: SplitSpec) -> tuple[int, int]:
    """Return how many of the ``available`` images of each kind are for training and for testing.

    Too few are divided in the proportion of ``spec``; a single one is not used: (0, 0).
    """
    wanted = spec.train + spec.test
    if available >= wanted:
        return spec.train, spec.test
    if available < 2:
        return 0, 0
    test = min(max(1, round(available * spec.test / wanted)), available - 1)
    return available - test, test


def _split_rows(
    pools: dict[str, dict[str, list[str]]], sizes: dict[str, tuple[int, int]], spec: SplitSpec
) -> list[tuple]:
    rows = []
    for number in range(1, spec.splits + 1):
        for attribute, pool in pools.items():
            split = attribute if number == 1 else f"{attribute} ({number})"
            train, test = sizes[attribute]
            order = {
                label: shuffled(images, spec.seed, number, attribute, label)
                for label, images in pool.items()
            }
            for subset, rows_of in (("train", slice(train)), ("test", slice(train, train + test))):
                for label, images in order.items():
                    rows += subset_rows(split, subset, images[rows_of], label)
    return rows


def _strings(path: Path, variable: str) -> list[str]:
    """Return a cell array of strings, of any orientation."""
    try:
        return [str(np.asarray(cell).item()) for cell in _load(path, variable).ravel()]
    except ValueError:
        raise InputError(
            f"{path}: '{variable}' is not a list of names; unpack the archive again"
        ) from None


def _votes(path: Path, shape: tuple[int, int]) -> np.ndarray:
    """Return the (images, attributes) mean votes in 0..1."""
    votes = _load(path, "labels_cv")
    if votes.shape != shape or votes.dtype.kind not in "fiu":
        raise InputError(
            f"{path}: labels_cv is {' x '.join(map(str, votes.shape))} {votes.dtype}, not one number "
            f"for each of {counted(shape[0], 'image')} and {counted(shape[1], *NOUN)}; "
            "unpack the archive again"
        )
    if not ((votes > -TOLERANCE) & (votes < 1 + TOLERANCE)).all():
        raise InputError(f"{path}: labels_cv is not in 0 to 1; unpack the archive again")
    return votes


def _load(path: Path, variable: str) -> np.ndarray:
    if not path.exists():
        raise InputError(f"{path}: not found; unpack SUNAttributeDB.tar.gz there")
    try:
        return scipy.io.loadmat(path)[variable]
    except Exception as error:  # a spoiled .mat file raises almost anything
        raise InputError(
            f"{path}: cannot read '{variable}' ({reason_of(error)}); unpack SUNAttributeDB.tar.gz again"
        ) from None
