"""The ten crops: four corners and the centre, then the same mirrored (protocol, section 1)."""

import numpy as np

COUNT = 10


def crop_offsets(warped: tuple[int, int], size: tuple[int, int]) -> list[tuple[int, int]]:
    """Return the (y, x) of the five crops of ``size`` in the warped image, both (height, width)."""
    bottom, right = warped[0] - size[0], warped[1] - size[1]
    return [(0, 0), (0, right), (bottom, 0), (bottom, right), (bottom // 2, right // 2)]


def ten_crops(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Cut (N, H, W, 3) warped images into (N, 10, height, width, 3) crops, the mirrored ones last."""
    offsets = crop_offsets(pixels.shape[1:3], size)
    plain = np.stack([pixels[:, y : y + size[0], x : x + size[1]] for y, x in offsets], axis=1)
    return np.concatenate([plain, plain[:, :, :, ::-1]], axis=1)


def merge_crops(maps: np.ndarray, warped: tuple[int, int]) -> np.ndarray:
    """Turn the mirrored maps back, put all ten where their crops were, and add them up.

    ``maps`` is (10, height, width) at the crops' size. Returns (H, W) float32, a plain sum as in the
    authors' code: it is larger where more crops overlap.
    """
    size = maps.shape[1:]
    canvas = np.zeros(warped, np.float32)
    for (y, x), plain, mirrored in zip(crop_offsets(warped, size), maps[:5], maps[5:], strict=True):
        canvas[y : y + size[0], x : x + size[1]] += plain + mirrored[:, ::-1]
    return canvas
