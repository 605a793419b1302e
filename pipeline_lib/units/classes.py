"""Which classes' units are shown: those asked for, or those that the network knows best."""

import numpy as np

from pipeline_lib.common.errors import InputError
from pipeline_lib.localization.predictions import Predictions


def chosen_classes(
    predictions: Predictions, names: dict[str, str], asked: list[str], count: int
) -> list[int]:
    """Return the indices of classes: ``asked`` by label or name, else the ``count`` best known.

    Best known are those with the largest share of their images right at once; of equals, those that
    score highest on them. Raises InputError for a class the network does not know.
    """
    labels = predictions.class_labels
    if asked:
        return [_index(name, labels, names) for name in asked]
    first, truth = predictions.classes[:, 0], predictions.true_class
    scores = predictions.scores[:, 0]
    known = []
    for label in np.unique(truth[truth >= 0]):
        images = truth == label
        right = first[images] == label
        known.append((float(right.mean()), float((scores[images] * right).mean()), int(label)))
    if not known:
        raise InputError("no image has a known class; name the classes in units.classes")
    return [label for *_, label in sorted(known, reverse=True)[:count]]


def _index(name: str, labels: list[str], names: dict[str, str]) -> int:
    for index, label in enumerate(labels):
        if name == label or name.lower() in [
            one.strip().lower() for one in names[label].split(",")
        ]:
            return index
    raise InputError(f"units.classes: '{name}' is no class of the network; give its label or name")
