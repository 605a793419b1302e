"""Selection of classes, and of the units that each class relies on."""

from collections.abc import Sequence

import numpy as np

from pipeline_lib.common.errors import InputError
from pipeline_lib.units.survey import Survey


def best_classes(survey: Survey, count: int) -> list[int]:
    """Return the ``count`` classes that the network classifies best, whatever their units are.

    The measure is the intersection over union of the images of a class and those predicted as it; ties
    go to the class with more correct images, then to the one with the larger sum of scores.
    """
    union = np.maximum(survey.class_images + survey.predicted - survey.correct, 1)
    order = np.lexsort((-survey.score_sum, -survey.correct, -survey.correct / union))
    return [int(index) for index in order[:count]]


def classes_by_name(
    wanted: Sequence[str], labels: Sequence[str], names: dict[str, str]
) -> list[int]:
    """Return the indices of classes given by label, or by a name or synonym in any case.

    Raises InputError for a class that the network does not have.
    """
    index_of = {}
    for index, label in enumerate(labels):
        for synonym in (label, names[label], *names[label].split(",")):
            index_of.setdefault(synonym.strip().casefold(), index)
    unknown = [name for name in wanted if name.strip().casefold() not in index_of]
    if unknown:
        raise InputError(
            f"class '{unknown[0]}': the network does not have it; give its label or name"
        )
    return [index_of[name.strip().casefold()] for name in wanted]


def top_units(weights: np.ndarray | None, class_index: int, count: int) -> list[tuple[int, float]]:
    """Return the (unit, softmax weight) of the ``count`` largest weights of a class, largest first.

    ``weights`` is (classes, units). If it is None, the maps' channels are the classes, and a class has
    one unit, its own channel, with weight 1 (paper, section 5).
    """
    if weights is None:
        return [(class_index, 1.0)]
    order = np.argsort(-weights[class_index], kind="stable")[:count]
    return [(int(unit), float(weights[class_index, unit])) for unit in order]
