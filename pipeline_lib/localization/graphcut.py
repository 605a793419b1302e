"""Boxes from saliency as in Simonyan et al. 2013: a colour segmentation seeded by the gradient."""

import cv2
import numpy as np

from pipeline_lib.localization.boxes import Box, largest_part

FOREGROUND, BACKGROUND = 0.95, 0.3  # quantiles of the saliency that seed the two colour models
_COMPONENTS = 5  # of OpenCV's Gaussian mixtures; each needs that many seeds
_NO_MODEL = 65  # OpenCV keeps a mixture in 65 numbers


def graphcut_box(image: np.ndarray, saliency: np.ndarray) -> Box:
    """Return the box of the largest part of what a graph cut takes for the object.

    ``image`` is (H, W, 3) uint8 RGB, ``saliency`` (H, W) float. The two colour mixtures are learned
    from the seeds alone (saliency above its 95 % quantile, up to its 30 %); a cut with these models
    fixed then labels all pixels between. A saliency without contrast gives the whole image.
    """
    cv2.setRNGSeed(0)  # the mixtures start from k-means
    low, high = np.quantile(saliency, [BACKGROUND, FOREGROUND])
    inside, outside = saliency > high, saliency <= low
    if min(inside.sum(), outside.sum()) < _COMPONENTS:
        return largest_part(np.zeros_like(inside))
    models = _colour_models(image[inside], image[outside])
    mask = np.full(saliency.shape, cv2.GC_PR_BGD, np.uint8)
    mask[inside], mask[outside] = cv2.GC_FGD, cv2.GC_BGD
    cv2.grabCut(image, mask, None, *models, 1, cv2.GC_EVAL_FREEZE_MODEL)
    return largest_part((mask == cv2.GC_FGD) | (mask == cv2.GC_PR_FGD))


def _colour_models(inside: np.ndarray, outside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return OpenCV's background and foreground mixtures, fitted to (n, 3) and (m, 3) colours."""
    strip = np.concatenate([inside, outside])[None]  # an image of nothing but the seeds
    mask = np.full(strip.shape[:2], cv2.GC_BGD, np.uint8)
    mask[0, : len(inside)] = cv2.GC_FGD
    background, foreground = np.zeros((1, _NO_MODEL)), np.zeros((1, _NO_MODEL))
    cv2.grabCut(strip, mask, None, background, foreground, 1, cv2.GC_INIT_WITH_MASK)
    return background, foreground
