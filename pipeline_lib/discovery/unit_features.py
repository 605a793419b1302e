"""Features scaled to unit length, read from the features file in blocks to save memory."""

from collections.abc import Iterator

import h5py
import numpy as np

from pipeline_lib.svm.fitting import scale_features
from pipeline_lib.svm.problem import Solution

_BLOCK = 4096


class UnitFeatures:
    """The rows (n, d) float32 of a features file, each divided by its length."""

    def __init__(self, features: h5py.Dataset | np.ndarray, block: int = _BLOCK) -> None:
        self._features, self._block = features, block

    def __len__(self) -> int:
        return len(self._features)

    def rows(self, index: np.ndarray) -> np.ndarray:
        """Return the rows (m, d) of (m,) indices in any order."""
        values = np.empty((len(index), self._features.shape[1]), np.float32)
        for block in self._blocks():
            in_block = (index >= block.start) & (index < block.stop)
            if in_block.any():
                values[in_block] = self._features[block][index[in_block] - block.start]
        return scale_features(values, True)

    def decide(self, solution: Solution) -> np.ndarray:
        """Return the decision values (n, k) float32 of k classifiers."""
        values = np.empty((len(self), len(solution.bias)), np.float32)
        for block in self._blocks():
            values[block] = solution.decide(scale_features(self._features[block], True))
        return values

    def _blocks(self) -> Iterator[slice]:
        for start in range(0, len(self), self._block):
            yield slice(start, min(start + self._block, len(self)))
