"""Features of unit length, read from the features file in blocks: only what is asked for is kept."""

from collections.abc import Iterator

import h5py
import numpy as np

from pipeline_lib.svm.protocol import scaled

_BLOCK = 4096


class UnitFeatures:
    """The rows (n, d) float32 of a features file, each divided by its length."""

    def __init__(self, features: h5py.Dataset | np.ndarray, block: int = _BLOCK) -> None:
        self._features, self._block = features, block

    def __len__(self) -> int:
        return len(self._features)

    def rows(self, index: np.ndarray) -> np.ndarray:
        """Return the rows (m, d) of (m,) sorted indices."""
        found = np.empty((len(index), self._features.shape[1]), np.float32)
        for block, values in self._blocks():
            here = (index >= block.start) & (index < block.stop)
            found[here] = values[index[here] - block.start]
        return found

    def decide(self, weights: np.ndarray, bias: np.ndarray) -> np.ndarray:
        """Return the decision values (n, k) float32 of k classifiers."""
        found = np.empty((len(self), len(weights)), np.float32)
        for block, values in self._blocks():
            found[block] = values @ weights.T + bias
        return found

    def _blocks(self) -> Iterator[tuple[slice, np.ndarray]]:
        for start in range(0, len(self), self._block):
            block = slice(start, min(start + self._block, len(self)))
            yield block, scaled(np.asarray(self._features[block], np.float32), True)
