"""How alike two maps of the same image are: rank correlation and structural similarity."""

import numpy as np
from scipy.stats import rankdata
from skimage.metrics import structural_similarity

from pipeline_lib.localization.heat_maps import upsample

# Wang et al. 2004: a Gaussian window of 11 pixels, sigma 1.5.
_WINDOW = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}


def absolute_maps(maps: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return the absolute values of (n, h, w) maps, each by its maximum, (n, height, width) float32.

    ``size`` is (height, width); maps of another size are enlarged bilinearly. A map of zeros stays so.
    """
    height, width = size
    values = np.abs(np.asarray(maps, np.float32))
    if values.shape[1:] != (height, width):
        values = np.stack([upsample(each, width, height, "bilinear") for each in values])
    top = values.max((1, 2), keepdims=True)
    return values / np.where(top > 0, top, 1)


def is_constant(maps: np.ndarray) -> np.ndarray:
    """Tell of (n, h, w) maps whether all places have the same value, (n,) bool."""
    return maps.max((1, 2)) == maps.min((1, 2))


def agreement(maps: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the rank correlation and the SSIM of n pairs of ``absolute_maps``, (n, 2) float64."""
    return np.stack(
        [rank_correlations(maps, others), structural_similarities(maps, others)], axis=1
    )


def rank_correlations(maps: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return Spearman's rank correlation of n pairs of (n, h, w) maps, (n,) float64.

    It is 0 where one of the two is constant: it has no order, so it says nothing of the other's.
    """
    ranks = [rankdata(each.reshape(len(each), -1), axis=1) for each in (maps, others)]
    first, second = (each - each.mean(1, keepdims=True) for each in ranks)
    scale = np.sqrt((first**2).sum(1) * (second**2).sum(1))
    return (first * second).sum(1) / np.where(scale > 0, scale, 1)


def structural_similarities(maps: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the structural similarity of n pairs of (n, h, w) maps of 0 to 1, (n,) float64.

    Source: Wang et al., "Image quality assessment: from error visibility to structural similarity",
    2004. Sides are at least 11 pixels.
    """
    pairs = zip(maps, others, strict=True)
    return np.array([structural_similarity(*pair, data_range=1.0, **_WINDOW) for pair in pairs])
