"""Features scaled to unit length, of which only what is needed is read from their file."""

from collections.abc import Iterator

import numpy as np

from pipeline_lib.svm.fitting import scale_features
from pipeline_lib.svm.problem import Solution

_BLOCK = 4096


class UnitFeatures:
    """The rows of (n, d) float32 ``features``, each divided by its length.

    They may be a memory map. Passes over all of them take ``block`` rows at a time.
    """

    def __init__(self, features: np.ndarray, block: int = _BLOCK) -> None:
        self._features, self._block = features, block

    def __len__(self) -> int:
        return len(self._features)

    def rows(self, index: np.ndarray) -> np.ndarray:
        """Return the rows (m, d) of (m,) indices in any order."""
        return scale_features(np.asarray(self._features[index]), True)

    def decide(self, solution: Solution) -> np.ndarray:
        """Return the decision values (n, k) float32 of k classifiers."""
        values = np.empty((len(self), len(solution.bias)), np.float32)
        for block in self._blocks():
            values[block] = solution.decide(scale_features(self._features[block], True))
        return values

    def _blocks(self) -> Iterator[slice]:
        for start in range(0, len(self), self._block):
            yield slice(start, min(start + self._block, len(self)))
