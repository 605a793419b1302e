"""The empirical receptive field: which part of its theoretical one a unit really uses.

By occlusion (Zhou et al., "Object detectors emerge in deep scene CNNs", ICLR 2015; protocol, section 6):
a small gray patch slides over an image in which the unit fires; where the activation changes, the unit
looks. Changes are moved to the activation's peak and averaged over the unit's top images.
"""

from collections.abc import Callable, Iterator

import numpy as np

Activations = Callable[[int, np.ndarray], np.ndarray]
_BATCH = 64


def occluded_field(
    activations: Activations,
    images: list[np.ndarray],
    centres: list[tuple[float, float]],
    reach: float,
    *,
    patch: int,
    stride: int,
) -> np.ndarray:
    """Return the field around the peak, (2 side + 1, 2 side + 1) float32, 1 at its highest.

    ``images`` are (side, side, 3) uint8 in which the unit's peak looks at ``centres``, (x, y) in
    pixels, and no further than ``reach`` from there along either axis: elsewhere nothing can change,
    and no patch is tried. ``activations`` turns an image's number and (N, side, side, 3) uint8 into
    the (N,) activations at that image's peak. ``patch`` is the patch's side and ``stride`` its step,
    in pixels.
    """
    side = images[0].shape[0]
    total = np.zeros((2 * side + 1, 2 * side + 1))
    seen = np.zeros_like(total)
    for number, (image, (x, y)) in enumerate(zip(images, centres, strict=True)):
        places = [
            (left, top)
            for top in _starts(y, reach, side, patch, stride)
            for left in _starts(x, reach, side, patch, stride)
        ]
        before = float(activations(number, image[None])[0])
        after = np.concatenate(
            [activations(number, batch) for batch in _occluded(image, places, patch)]
        )
        for (left, top), value in zip(places, after, strict=True):
            # The patch's pixels, moved so that the peak is in the middle.
            rows = slice(round(top - y) + side, round(top - y) + side + patch)
            columns = slice(round(left - x) + side, round(left - x) + side + patch)
            total[rows, columns] += abs(before - float(value)) / max(before, 1e-12)
            seen[rows, columns] += 1
    mean = np.divide(total, seen, out=np.zeros_like(total), where=seen > 0)
    return (mean / max(mean.max(), 1e-12)).astype(np.float32)


def disc(side: int, diameter: float) -> np.ndarray:
    """Return a disc in place of a measured field, in the form of ``occluded_field``.

    The shortcut of the authors' released code: 65 pixels for conv5 (protocol, section 6).
    """
    at = np.arange(2 * side + 1) - side
    return (at[None] ** 2 + at[:, None] ** 2 <= (diameter / 2) ** 2).astype(np.float32)


def segment(
    field: np.ndarray, activation: np.ndarray, centres: tuple[np.ndarray, np.ndarray],
    least_field: float, least_activation: float,
) -> np.ndarray:  # fmt: skip
    """Return the (side, side) bool mask of what a unit looks at in an image.

    Where the (h, w) ``activation`` is above ``least_activation`` of its maximum, the field's part above
    ``least_field`` is laid around that unit's place. ``centres`` are the columns' x and the rows' y.
    """
    side = (field.shape[0] - 1) // 2
    shape = field > least_field * field.max()
    mask = np.zeros((side, side), bool)
    for row, column in np.argwhere(activation > least_activation * activation.max()):
        x, y = round(float(centres[0][column])), round(float(centres[1][row]))
        mask |= shape[side - y : 2 * side - y, side - x : 2 * side - x]
    return mask


def _starts(centre: float, reach: float, side: int, patch: int, stride: int) -> range:
    """The patches' left or upper edges: all that meet the field, and those that meet these.

    The latter change nothing, which counts where they share pixels with one that does.
    """
    first = max(0, int(np.floor(centre - reach)) - 2 * (patch - 1))
    last = min(side - patch, int(np.ceil(centre + reach)) + patch - 1)
    return range(first, max(first, last) + 1, stride)


def _occluded(image: np.ndarray, places: list[tuple[int, int]], patch: int) -> Iterator[np.ndarray]:
    gray = image.reshape(-1, 3).mean(axis=0).round().astype(np.uint8)
    for start in range(0, len(places), _BATCH):
        batch = np.repeat(image[None], len(places[start : start + _BATCH]), axis=0)
        for one, (left, top) in zip(batch, places[start:], strict=False):
            one[top : top + patch, left : left + patch] = gray
        yield batch
