"""Selection of classes, and of the units that each class relies on."""

import numpy as np

from pipeline_lib.units.survey import Survey


def best_classes(survey: Survey, count: int) -> list[int]:
    """Return the ``count`` classes that the network classifies best, whatever their units are.

    The measure is the intersection over union of the images of a class and those predicted as it; ties
    go to the class with more correct images, then to the one with the larger sum of scores.
    """
    union = np.maximum(survey.class_images + survey.predicted - survey.correct, 1)
    order = np.lexsort((-survey.score_sum, -survey.correct, -survey.correct / union))
    return [int(index) for index in order[:count]]


def top_units(weights: np.ndarray | None, class_index: int, count: int) -> list[tuple[int, float]]:
    """Return the (unit, softmax weight) of the ``count`` largest weights of a class, largest first.

    ``weights`` is (classes, units). If it is None, the maps' channels are the classes, and a class has
    one unit, its own channel, with weight 1 (paper, section 5).
    """
    if weights is None:
        return [(class_index, 1.0)]
    order = np.argsort(-weights[class_index], kind="stable")[:count]
    return [(int(unit), float(weights[class_index, unit])) for unit in order]
