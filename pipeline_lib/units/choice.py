"""Which classes to look at, and the units that each of them rests on."""

from collections.abc import Sequence

import numpy as np

from pipeline_lib.common.errors import InputError
from pipeline_lib.units.survey import Survey


def choose_classes(found: Survey, count: int) -> list[int]:
    """Return the ``count`` classes that the network tells best from all others.

    These have the largest part of right guesses among the images that are of the class or are taken
    for it; of equals, the most right ones, then the most certain. No unit has a say.
    """
    either = np.maximum(found.seen + found.guessed - found.right, 1)
    order = np.lexsort((-found.certainty, -found.right, -found.right / either))
    return [int(index) for index in order[:count]]


def named_classes(wanted: Sequence[str], labels: Sequence[str], names: dict[str, str]) -> list[int]:
    """Return the indices of classes given by label, or by a name or synonym in any case.

    Raises InputError for one that is none of the network's.
    """
    index_of = {}
    for index, label in enumerate(labels):
        for synonym in (label, names[label], *names[label].split(",")):
            index_of.setdefault(synonym.strip().casefold(), index)
    unknown = [name for name in wanted if name.strip().casefold() not in index_of]
    if unknown:
        raise InputError(f"class '{unknown[0]}': none of the network's; give its label or name")
    return [index_of[name.strip().casefold()] for name in wanted]


def top_units(weights: np.ndarray | None, of_class: int, count: int) -> list[tuple[int, float]]:
    """Return the (unit, softmax weight) of the ``count`` largest weights of a class, largest first.

    ``weights`` is (classes, units); without them the maps' channels are the classes, and a class's
    only unit is itself, with weight 1 (paper, section 5).
    """
    if weights is None:
        return [(of_class, 1.0)]
    order = np.argsort(-weights[of_class], kind="stable")[:count]
    return [(int(unit), float(weights[of_class, unit])) for unit in order]
