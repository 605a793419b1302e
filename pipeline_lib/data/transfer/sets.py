"""The transfer data sets of Section 4: how the paper splits them, and how a study does."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml

from pipeline_lib.common.errors import InputError


@dataclass(frozen=True)
class TransferSet:
    """One entry of ``transfer.yaml``, which says what each of these means."""

    name: str
    layout: str
    folder: str
    random_splits: bool
    splits: int
    train: int
    test: int | None
    metric: str


@dataclass(frozen=True)
class SplitSpec:
    """How a set is to be split: ``splits`` splits, with ``train`` and ``test`` images of each class.

    ``test`` None means all others. ``paper`` is how the paper splits the set.
    """

    paper: TransferSet
    splits: int
    train: int
    test: int | None
    seed: int


@cache
def transfer_sets() -> dict[str, TransferSet]:
    """Return the sets by the paper's names, in the paper's order."""
    text = files("pipeline_lib.data").joinpath("transfer.yaml").read_text(encoding="utf-8")
    return {name: TransferSet(name, **entry) for name, entry in yaml.safe_load(text).items()}


def split_spec(
    layout: str,
    train: int | None = None,
    test: int | None = None,
    splits: int | None = None,
    seed: int = 0,
) -> SplitSpec:
    """Return how to split the set with this layout; None stands for the paper's number.

    Raises InputError for a number below 1 (the seed: below 0), and for a number that an official split
    fixes.
    """
    (paper,) = (entry for entry in transfer_sets().values() if entry.layout == layout)
    fixed = {} if paper.random_splits else {"train": train, "test": test}
    if not paper.random_splits and paper.splits == 1:
        fixed["repeats"] = splits
    for flag, value in fixed.items():
        if value is not None:
            raise InputError(
                f"--{flag} {value}: the split of {paper.name} is official; leave it out"
            )
    for flag, value, minimum in (
        ("train", train, 1),
        ("test", test, 1),
        ("repeats", splits, 1),
        ("seed", seed, 0),
    ):
        if value is not None and value < minimum:
            raise InputError(f"--{flag} {value}: must be {minimum} or more")
    return SplitSpec(
        paper,
        splits=paper.splits if splits is None else splits,
        train=paper.train if train is None else train,
        test=paper.test if test is None else test,
        seed=seed,
    )
