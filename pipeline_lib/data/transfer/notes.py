"""What a summary says where a set or its split is not the paper's, in sentences for a table's foot."""

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from pipeline_lib.data.transfer.sets import Asked


@dataclass(frozen=True)
class Official:
    """A complete set: its images, its classes, the parts of its split where that is official."""

    images: int
    classes: int
    train: int | None = None
    test: int | None = None


def counted(count: int, one: str, many: str | None = None) -> str:
    """Return the count and its noun: ``1 image``, ``1,200 images``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def found_notes(
    images: int, classes: int, official: Official, kind: tuple[str, str] = ("class", "classes")
) -> list[str]:
    """Say how many images and classes were found where this is not the whole set."""
    if (images, classes) == (official.images, official.classes):
        return []
    return [
        f"{counted(images, 'image')} and {counted(classes, *kind)} found instead of "
        f"{official.images:,} and {official.classes:,}."
    ]


def official_notes(splits: list[tuple], classes: int, absent: int, official: Official) -> list[str]:
    """Say where official splits lost images (``absent`` of those listed) or classes."""
    notes = []
    sizes = Counter((split, part) for split, part, *_ in splits)
    parts = [
        [size for (_, part), size in sizes.items() if part == wanted]
        for wanted in ("train", "test")
    ]
    if {*parts[0]} != {official.train} or {*parts[1]} != {official.test}:
        notes.append(
            f"A split trains on {_span(parts[0])} images instead of {official.train:,} and tests on "
            f"{_span(parts[1])} instead of {official.test:,}."
        )
    if absent:
        notes.append(f"{counted(absent, 'image')} of the official lists not found.")
    labels = defaultdict(set)
    for split, _, _, label in splits:
        labels[split].add(label)
    lost = classes - min(map(len, labels.values()))
    if lost:
        notes.append(
            f"{counted(lost, 'class', 'classes')} left out of a split: no image in a part."
        )
    return notes


def drawn_notes(
    sizes: dict[str, tuple[int, int]],
    asked: Asked,
    kind: tuple[str, str] = ("class", "classes"),
    unit: str = "of a class",
) -> list[str]:
    """Say where random splits differ from the paper's.

    ``sizes`` are the training and test images of each class (or attribute: ``kind`` is the noun and
    its plural), (0, 0) for one that was left out.
    """
    paper, notes = asked.paper, []
    if asked.splits != paper.splits:
        notes.append(f"{counted(asked.splits, 'random split')} instead of {paper.splits}.")
    kept = [size for size in sizes.values() if size != (0, 0)]
    if len(kept) < len(sizes):
        notes.append(f"{counted(len(sizes) - len(kept), *kind)} left out: too few images to split.")
    parts = (
        ("Trained", "training", asked.train, paper.train),
        ("Tested", "test", asked.test, paper.test),
    )
    for column, (verb, part, wanted, usual) in enumerate(parts):
        if wanted != usual:
            notes.append(f"{verb} on {wanted} images {unit} instead of {usual or 'all others'}.")
        short = [size[column] for size in kept if wanted and size[column] < wanted]
        if short:
            notes.append(
                f"{len(short)} of {counted(len(kept), *kind)} with fewer than {wanted} {part} images, "
                f"the least {min(short)}."
            )
    return notes


def _span(counts: Collection[int]) -> str:
    """Return ``5`` for counts that are all 5, ``3 to 5`` for others."""
    least, most = min(counts), max(counts)
    return f"{least:,}" if least == most else f"{least:,} to {most:,}"
