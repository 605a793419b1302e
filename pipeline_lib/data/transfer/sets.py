"""The data sets of Section 4 as the paper uses them, and what a smaller study asks for instead."""

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
    at: str
    drawn: bool
    splits: int
    train: int
    test: int | None
    metric: str


@dataclass(frozen=True)
class Asked:
    """How a set is to be split; ``paper`` is how the paper does it."""

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


def ask(
    layout: str,
    train: int | None = None,
    test: int | None = None,
    splits: int | None = None,
    seed: int = 0,
) -> Asked:
    """Return how to split the set of this layout; None stands for the paper's number.

    Raises InputError for a number below 1 (0 for the seed), and for one that an official split
    has fixed.
    """
    (paper,) = (one for one in transfer_sets().values() if one.layout == layout)
    fixed = {} if paper.drawn else {"train": train, "test": test}
    if not paper.drawn and paper.splits == 1:
        fixed["repeats"] = splits
    for flag, given in fixed.items():
        if given is not None:
            raise InputError(
                f"--{flag} {given}: the split of {paper.name} is official; leave it out"
            )
    for flag, given, least in (
        ("train", train, 1),
        ("test", test, 1),
        ("repeats", splits, 1),
        ("seed", seed, 0),
    ):
        if given is not None and given < least:
            raise InputError(f"--{flag} {given}: give a number from {least} on")
    return Asked(
        paper,
        splits=paper.splits if splits is None else splits,
        train=paper.train if train is None else train,
        test=paper.test if test is None else test,
        seed=seed,
    )
