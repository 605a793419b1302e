"""Which images the explorer shows: by a rule that is printed with them, and by name."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline_lib.common.errors import InputError

SHARES = 4  # equal shares of the images: right, wrong class, wrong box, hardest


@dataclass(frozen=True)
class Outcomes:
    """How n images fared, those with a label and true boxes, in the manifest's order.

    All are (n,) arrays: ``rows`` in the manifest; whether the main network's first guess is the true
    class; the IoU of its box for the true class with the nearest true box; whether that box is right;
    and how many networks are wrong (top-1 localization).
    """

    rows: np.ndarray
    class_is_right: np.ndarray
    overlap: np.ndarray
    box_is_right: np.ndarray
    wrong_networks: np.ndarray


@dataclass(frozen=True)
class Group:
    """Images that were chosen alike: ``rows`` in the manifest, out of ``total``; the rule in words."""

    name: str
    title: str
    rule: str
    rows: list[int]
    total: int


def choose(
    outcomes: Outcomes,
    image_ids: Sequence[str],
    count: int,
    named: Sequence[str],
    networks: Sequence[str],
) -> list[Group]:
    """Return the groups of images: the ``named`` ones first, then ``count`` by the rule, none twice.

    ``image_ids`` is the manifest's column, ``networks`` are the names of those in the outcomes, the main
    one first. Raises InputError for a name that the manifest does not have.
    """
    place = {name: row for row, name in enumerate(image_ids)}
    for name in named:
        if name not in place:
            raise InputError(f"report.named_images: '{name}' is not an image_id of the manifest")
    chosen = list(dict.fromkeys(place[name] for name in named))
    groups = [
        Group("named", "Named", "Named in the configuration.", chosen, len(image_ids))
    ] * bool(chosen)
    right, box_is_right = outcomes.class_is_right, outcomes.box_is_right
    spread = "Taken at equal distances in the manifest's order."
    left = count
    for name, title, meaning, members in (
        ("right", "Right", "The first guess is the true class and its box is right.",
         right & box_is_right),
        ("wrong-class", "Wrong class", "The first guess is not the true class.", ~right),
        ("wrong-box", "Right class, wrong box",
         "The first guess is the true class, but its box is wrong.", right & ~box_is_right),
    ):  # fmt: skip
        rows = outcomes.rows[members]
        shown = _evenly(rows[~np.isin(rows, chosen)], count // SHARES)
        groups.append(Group(name, title, f"{meaning} {spread}", shown, len(rows)))
        chosen, left = [*chosen, *shown], left - len(shown)
    hardest = np.lexsort((outcomes.rows, outcomes.overlap, -outcomes.wrong_networks))
    rows = outcomes.rows[hardest]
    shown = rows[~np.isin(rows, chosen)][:left].tolist()
    several = len(networks) > 1
    who = f"most of the {len(networks)} networks get" if several else f"{networks[0]} gets"
    rule = (
        f"Those that {who} wrong, class or box; of these, the lowest IoU of the box for the true class "
        "first. They also take the places that other groups leave empty."
    )
    return [*groups, Group("hardest", "Hardest", rule, shown, len(rows))]


def _evenly(rows: np.ndarray, count: int) -> list[int]:
    """Return ``count`` of the rows, or all if there are fewer, from the middles of equal stretches."""
    count = min(count, len(rows))
    return [int(rows[(2 * i + 1) * len(rows) // (2 * count)]) for i in range(count)]
