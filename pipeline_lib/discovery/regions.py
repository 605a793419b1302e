"""The highlighted region of a class map, what it overlaps, and what it would overlap elsewhere."""

import numpy as np

from pipeline_lib.localization.boxes import THRESHOLD


def highlighted(heat: np.ndarray, threshold: float = THRESHOLD) -> np.ndarray:
    """Return where a heat map (h, w) is above ``threshold`` times its maximum, (h, w) bool.

    A map without a positive maximum highlights nothing.
    """
    top = float(heat.max())
    return (heat > threshold * top) & (top > 0)


def shifted_overlaps(region: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Return how many cells each mask shares with the region at each place of it.

    ``region`` is (h, w) bool, ``masks`` (m, h, w) bool. The result, (m, h, w) int, has at [:, y, x]
    the overlap with the region moved y down and x to the right, what leaves on one side coming in on
    the other, so that [:, 0, 0] is of the region as it is. By Fourier transform, and exact.
    """
    moved = np.fft.rfft2(region.astype(float)).conj() * np.fft.rfft2(masks.astype(float))
    return np.rint(np.fft.irfft2(moved, s=region.shape)).astype(int)


def meets(overlaps: np.ndarray, masks: np.ndarray, part: float) -> np.ndarray:
    """Tell at which places the region overlaps any of the masks, (h, w) bool.

    ``overlaps`` are those of ``shifted_overlaps``. A mask is overlapped where the region holds at
    least ``part`` of its cells, and one at least: at 0, any cell will do. A mask without a cell never
    is.
    """
    areas = masks.sum((1, 2))[:, None, None]
    return (overlaps >= np.maximum(part * areas, 1)).any(0)
