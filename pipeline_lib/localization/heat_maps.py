"""Heat maps at the image's size, from the maps at mapping resolution in a predictions file."""

import cv2
import numpy as np
from PIL import Image

from pipeline_lib.localization.crops import merge_crops
from pipeline_lib.localization.predictions import PIXEL_METHODS, Predictions

INTERPOLATIONS = {
    "bilinear": cv2.INTER_LINEAR,
    "bicubic": cv2.INTER_CUBIC,
    "nearest": cv2.INTER_NEAREST,
}
TRUE_CLASS = 0  # rank of the true class's map; guesses are ranked from 1
MAX, SUM = 0, 1  # the planes of a map by PIXEL_METHODS, see the predictions file


def heat_map(
    predictions: Predictions,
    image: int,
    rank: int,
    width: int,
    height: int,
    interpolation: str,
    plane: int = MAX,
) -> np.ndarray:
    """Return the heat map of image ``image`` for its guess ``rank``, (height, width) float32.

    The map of one forward pass is upsampled; so is the ``plane`` of PIXEL_METHODS. The absolute
    maps of ten crops are merged as in the authors' code, always bicubic (see ``applied_interpolation``).
    """
    maps = predictions.true_map if rank == TRUE_CLASS else predictions.maps
    planes = np.asarray(maps[image] if rank == TRUE_CLASS else maps[image, rank - 1], np.float32)
    if predictions.method in PIXEL_METHODS:
        return upsample(planes[plane], width, height, interpolation)
    if len(planes) == 1:
        return upsample(planes[0], width, height, interpolation)
    crop_height, crop_width = predictions.size
    crops = np.stack([_matlab_resize(plane, crop_width, crop_height) for plane in planes])
    return _matlab_resize(merge_crops(np.abs(crops), predictions.warped), width, height)


def applied_interpolation(predictions: Predictions, interpolation: str) -> str:
    """Return the interpolation that ``heat_map`` really uses when it is given ``interpolation``."""
    merged = predictions.method not in PIXEL_METHODS and predictions.crops > 1
    return "bicubic" if merged else interpolation


def upsample(class_map: np.ndarray, width: int, height: int, interpolation: str) -> np.ndarray:
    """Resize an (h, w) map to (height, width) float32, pixel centres aligned as areas.

    The paper does not say which interpolation; bilinear is this project's choice (protocol, section 1).
    """
    return cv2.resize(
        np.asarray(class_map, np.float32),
        (width, height),
        interpolation=INTERPOLATIONS[interpolation],
    )


def _matlab_resize(values: np.ndarray, width: int, height: int) -> np.ndarray:
    """Resize like MATLAB's imresize in the authors' code; Pillow has its cubic kernel (a = -0.5)."""
    image = Image.fromarray(np.ascontiguousarray(values, np.float32))
    return np.asarray(image.resize((width, height), Image.Resampling.BICUBIC))
