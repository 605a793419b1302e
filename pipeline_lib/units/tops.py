"""The images that units fire for most, kept while the images pass by: memory does not grow with them."""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from scipy.ndimage import uniform_filter


@dataclass(frozen=True, order=True)
class Firing:
    """A unit's highest activation in an image: the image's ``index``, and where in the map it is.

    Compared by activation, then by the map's ``mean`` (rectifiers that saturate, ReLU6, reach their
    highest value in many images), then for the earlier image.
    """

    activation: float
    mean: float
    order: int = field(repr=False)
    index: int = field(compare=False)
    row: int = field(compare=False)
    column: int = field(compare=False)


class Tops:
    """The ``count`` images in which each of some ``units``, channels of a network's maps, fires most."""

    def __init__(self, units: Iterable[int], count: int) -> None:
        self._count = count
        self._heaps: dict[int, list[Firing]] = {unit: [] for unit in units}

    def add(self, first: int, maps: np.ndarray) -> None:
        """Look at (N, units, h, w) maps of the units, in their order, of images ``first`` and on."""
        width = maps.shape[3]
        for number, heap in enumerate(self._heaps.values()):
            planes = maps[:, number]
            means, highest = planes.mean(axis=(1, 2)), planes.max(axis=(1, 2))
            # Of several places that are highest, the one in the midst of high ones.
            around = uniform_filter(planes, (0, 3, 3), mode="constant")
            around[planes < highest[:, None, None]] = -np.inf
            places = around.reshape(len(maps), -1).argmax(axis=1)
            for offset in np.lexsort((-means, -highest))[: self._count]:
                index, place = first + int(offset), int(places[offset])
                values = float(highest[offset]), float(means[offset])
                firing = Firing(*values, -index, index, *divmod(place, width))
                if len(heap) < self._count:
                    heapq.heappush(heap, firing)
                elif firing > heap[0]:
                    heapq.heapreplace(heap, firing)

    def of(self, unit: int) -> list[Firing]:
        """Return the unit's images, the highest activation first."""
        return sorted(self._heaps[unit], reverse=True)


def strongest_units(weights: np.ndarray | None, label: int, count: int) -> list[tuple[int, float]]:
    """Return a class's ``count`` units of the largest weight, with it (paper, section 5).

    ``weights`` is (classes, channels), or None where channels are classes: the class's unit is its own.
    """
    if weights is None:
        return [(label, 1.0)]
    order = np.argsort(-weights[label], kind="stable")[:count]
    return [(int(unit), float(weights[label, unit])) for unit in order]
