"""The highlighted region of a class map, its overlap with objects, and its overlap at other places."""

import numpy as np


def highlighted_region(heat: np.ndarray, threshold: float) -> np.ndarray:
    """Return where a heat map (h, w) is above ``threshold`` times its maximum, (h, w) bool.

    A map without a positive maximum highlights nothing.
    """
    maximum = float(heat.max())
    return (heat > threshold * maximum) & (maximum > 0)


def shifted_overlaps(region: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Return how many cells each mask shares with the region, for every cyclic shift of the region.

    ``region`` is (h, w) bool, ``masks`` (m, h, w) bool. The result, (m, h, w) int, has at [:, y, x]
    the overlap with the region shifted by y down and x to the right, wrapping around; [:, 0, 0] is the
    overlap with the region itself. Computed by Fourier transform, and exact.
    """
    spectrum = np.fft.rfft2(region.astype(float)).conj() * np.fft.rfft2(masks.astype(float))
    return np.rint(np.fft.irfft2(spectrum, s=region.shape)).astype(int)


def overlaps_any(overlaps: np.ndarray, masks: np.ndarray, min_fraction: float) -> np.ndarray:
    """Return at which shifts the region overlaps any of the masks, (h, w) bool.

    ``overlaps`` are those of ``shifted_overlaps``. A mask is overlapped if the region holds at least
    the fraction ``min_fraction`` of its cells, and at least one cell. An empty mask never is.
    """
    areas = masks.sum((1, 2))[:, None, None]
    return (overlaps >= np.maximum(min_fraction * areas, 1)).any(0)
