"""Heat maps at the image's size, from what a predictions file keeps at mapping resolution."""

import cv2
import numpy as np
from PIL import Image

from pipeline_lib.localization.crops import merged
from pipeline_lib.localization.predictions import Predictions

INTERPOLATIONS = {
    "bilinear": cv2.INTER_LINEAR,
    "bicubic": cv2.INTER_CUBIC,
    "nearest": cv2.INTER_NEAREST,
}
TRUE_CLASS = 0  # the rank of the true class's map, whatever was predicted; guesses count from 1
MAX, SUM = 0, 1  # the planes of a backprop map, see the predictions file


def heat_map(
    predictions: Predictions,
    image: int,
    rank: int,
    width: int,
    height: int,
    interpolation: str = "bilinear",
    plane: int = MAX,
) -> np.ndarray:
    """Return the heat map of image ``image`` for its guess ``rank``, (height, width) float32.

    One forward pass: the map upsampled. Ten crops: their absolute maps merged as the authors do,
    bicubic whatever ``interpolation`` says. Backprop: the plane asked for.
    """
    maps = predictions.true_map if rank == TRUE_CLASS else predictions.maps
    planes = np.asarray(maps[image] if rank == TRUE_CLASS else maps[image, rank - 1], np.float32)
    if predictions.method == "backprop":
        return upsample(planes[plane], width, height, interpolation)
    if len(planes) == 1:
        return upsample(planes[0], width, height, interpolation)
    crop_height, crop_width = predictions.size
    crops = np.stack([_matlab_resize(part, crop_width, crop_height) for part in planes])
    return _matlab_resize(merged(np.abs(crops), predictions.warped), width, height)


def upsample(class_map: np.ndarray, width: int, height: int, interpolation: str) -> np.ndarray:
    """Resize an (h, w) map to (height, width) float32, pixel centres aligned as areas.

    The paper leaves the interpolation open; bilinear is this project's choice (protocol, section 1).
    """
    return cv2.resize(
        np.asarray(class_map, np.float32),
        (width, height),
        interpolation=INTERPOLATIONS[interpolation],
    )


def _matlab_resize(values: np.ndarray, width: int, height: int) -> np.ndarray:
    """Resize like MATLAB's imresize, which the authors use: Pillow has its cubic kernel (a = -0.5)."""
    image = Image.fromarray(np.ascontiguousarray(values, np.float32))
    return np.asarray(image.resize((width, height), Image.Resampling.BICUBIC))
