"""Boxes from saliency as in Simonyan et al. 2013: a colour segmentation seeded by the gradient."""

import cv2
import numpy as np

from pipeline_lib.localization.components import Box, largest_component

FOREGROUND, BACKGROUND = 0.95, 0.3  # quantiles of the saliency that seed the two colour models
_COMPONENTS = 5  # of OpenCV's Gaussian mixtures; each needs that many seeds
_MODEL_SIZE = 65  # numbers that OpenCV keeps a mixture in


def graphcut_box(image: np.ndarray, saliency: np.ndarray) -> Box:
    """Return the box of the largest component that a graph cut labels as the object.

    ``image`` is (H, W, 3) uint8 RGB, ``saliency`` (H, W) float. Two colour mixtures are fitted to the
    seeds alone: pixels above the 95 % quantile of the saliency, and pixels up to the 30 % quantile. A
    cut with these fixed models labels all pixels between. A saliency without contrast gives the
    whole image.
    """
    cv2.setRNGSeed(0)  # the mixtures start from k-means
    low, high = np.quantile(saliency, [BACKGROUND, FOREGROUND])
    inside, outside = saliency > high, saliency <= low
    if min(inside.sum(), outside.sum()) < _COMPONENTS:
        return largest_component(np.zeros_like(inside))
    models = _colour_models(image[inside], image[outside])
    mask = np.full(saliency.shape, cv2.GC_PR_BGD, np.uint8)
    mask[inside], mask[outside] = cv2.GC_FGD, cv2.GC_BGD
    cv2.grabCut(image, mask, None, *models, 1, cv2.GC_EVAL_FREEZE_MODEL)
    return largest_component((mask == cv2.GC_FGD) | (mask == cv2.GC_PR_FGD))


def _colour_models(inside: np.ndarray, outside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return OpenCV's background and foreground mixtures, fitted to (n, 3) and (m, 3) colours."""
    strip = np.concatenate([inside, outside])[None]  # an image of the seeds alone
    mask = np.full(strip.shape[:2], cv2.GC_BGD, np.uint8)
    mask[0, : len(inside)] = cv2.GC_FGD
    background, foreground = np.zeros((1, _MODEL_SIZE)), np.zeros((1, _MODEL_SIZE))
    cv2.grabCut(strip, mask, None, background, foreground, 1, cv2.GC_INIT_WITH_MASK)
    return background, foreground
