"""Notes for a table's foot: where a set or its splits differ from the paper's, in full sentences."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from pipeline_lib.common.images import STORED
from pipeline_lib.data.transfer.sets import SplitSpec


@dataclass(frozen=True)
class OfficialCounts:
    """The complete set: its images and classes, and the images of each subset of an official split."""

    images: int
    classes: int
    train: int | None = None
    test: int | None = None


def counted(count: int, singular: str, plural: str | None = None) -> str:
    """Return the count and its noun: ``1 image``, ``1,200 images``."""
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"


def unreadable_note(count: int) -> str:
    """Say how many images were left out because they cannot be decoded."""
    return f"{counted(count, 'image')} cannot be decoded and {_are(count)} left out."


def unusable_note(count: int) -> str:
    """Say how many annotations were left out because they cannot be used; the log names them."""
    return f"{counted(count, 'annotation')} cannot be used and {_are(count)} left out."


def passed_over_note(counts: Mapping[tuple[str, str], int]) -> str:
    """Say how many files and folders were passed over, by their kind; the log names them."""
    return f"Passed over: {', '.join(counted(count, *kind) for kind, count in counts.items())}."


def view_notes(view: str, *, turned: int, profiled: int, exceptions: int) -> list[str]:
    """Say how many images a viewer shows in another way than they are stored, and what was done.

    ``turned`` have an orientation, ``profiled`` a colour profile; ``exceptions`` were read in the other
    view, because their annotation is of that.
    """
    parts = [
        f"{counted(count, 'image')} with {what}"
        for count, what in ((turned, "an orientation"), (profiled, "a colour profile"))
        if count
    ]
    done = "read as stored, as published" if view == STORED else "read as a viewer shows them"
    notes = [f"{' and '.join(parts)} in their metadata: {done}."] if parts else []
    if exceptions:
        other = "as a viewer shows them" if view == STORED else "as stored"
        notes.append(f"{counted(exceptions, 'image')} of these read {other}, as annotated.")
    return notes


def size_notes(
    images: int,
    classes: int,
    official: OfficialCounts,
    noun: tuple[str, str] = ("class", "classes"),
) -> list[str]:
    """Say how many images and classes were found, unless the set is complete."""
    if (images, classes) == (official.images, official.classes):
        return []
    return [
        f"{counted(images, 'image')} and {counted(classes, *noun)} found instead of "
        f"{official.images:,} and {official.classes:,}."
    ]


def official_split_notes(
    splits: list[tuple], classes: int, missing: int, official: OfficialCounts
) -> list[str]:
    """Say where official splits lack images (``missing`` of those listed) or classes."""
    notes = []
    counts = Counter((split, subset) for split, subset, *_ in splits)
    train, test = (
        [count for (_, subset), count in counts.items() if subset == wanted]
        for wanted in ("train", "test")
    )
    if {*train} != {official.train} or {*test} != {official.test}:
        notes.append(
            f"A split trains on {_range(train)} images instead of {official.train:,} and tests on "
            f"{_range(test)} instead of {official.test:,}."
        )
    if missing:
        notes.append(f"{counted(missing, 'image')} of the official lists not found.")
    labels = defaultdict(set)
    for split, _, _, label in splits:
        labels[split].add(label)
    left_out = classes - min(map(len, labels.values()))
    if left_out:
        notes.append(
            f"{counted(left_out, 'class', 'classes')} left out of a split: no training or no test image."
        )
    return notes


def random_split_notes(
    sizes: dict[str, tuple[int, int]],
    spec: SplitSpec,
    noun: tuple[str, str] = ("class", "classes"),
    unit: str = "of a class",
) -> list[str]:
    """Say where random splits differ from the paper's.

    ``sizes`` are the training and test images of each class (or attribute: ``noun`` is its name, in
    singular and plural), (0, 0) for one that was left out.
    """
    paper, notes = spec.paper, []
    if spec.splits != paper.splits:
        notes.append(f"{counted(spec.splits, 'random split')} instead of {paper.splits}.")
    used = [size for size in sizes.values() if size != (0, 0)]
    if len(used) < len(sizes):
        notes.append(f"{counted(len(sizes) - len(used), *noun)} left out: too few images to split.")
    subsets = (
        ("Trained", "training", spec.train, paper.train),
        ("Tested", "test", spec.test, paper.test),
    )
    for column, (verb, subset, count, paper_count) in enumerate(subsets):
        if count != paper_count:
            notes.append(
                f"{verb} on {count} images {unit} instead of {paper_count or 'all others'}."
            )
        fewer = [size[column] for size in used if count and size[column] < count]
        if fewer:
            notes.append(
                f"{len(fewer)} of {counted(len(used), *noun)} with fewer than {count} {subset} images, "
                f"the smallest has {min(fewer)}."
            )
    return notes


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _range(counts: Collection[int]) -> str:
    """Return ``5`` if all counts are 5, else for example ``3 to 5``."""
    lowest, highest = min(counts), max(counts)
    return f"{lowest:,}" if lowest == highest else f"{lowest:,} to {highest:,}"
