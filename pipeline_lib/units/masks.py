"""What a unit sees in an image, as a mask: its measured receptive field, or the authors' disc."""

import cv2
import numpy as np

from pipeline_lib.units.geometry import ReceptiveField
from pipeline_lib.units.record import UnitsFile

THRESHOLD = 0.5  # part of the largest value above which a place belongs to a unit's field
DARKENED = 0.2  # what the background is multiplied by
DISC = 65 / 227  # the authors' disc for conv5, its diameter as a part of the input's side


def unit_mask(found: UnitsFile, line: int, image: int, width: int, height: int) -> np.ndarray:
    """Return the (height, width) bool mask of shown row ``line`` in its ``image``-th image."""
    row = found.shown[line]
    if found.method == "disc":
        return disc_mask(found.field, found.maps[line, image], width, height)
    centre = found.field.centre(found.place[row, image])
    return field_mask(found.change[line], found.shifts, centre, found.field.size, width, height)


def field_mask(
    change: np.ndarray,
    shifts: np.ndarray,
    centre: tuple[float, float],
    size: tuple[int, int],
    width: int,
    height: int,
) -> np.ndarray:
    """Return where the measured field, laid around ``centre``, is above half of its largest value.

    ``change`` (g, g) is at ``shifts`` from the unit's middle; ``centre`` (y, x) and the shifts are in
    pixels of an input of ``size`` (height, width), which the image of ``width`` and ``height`` was
    warped to. Between shifts the field is bilinear. Of several parts the one with the largest value
    counts; where hiding never lowers the activation, there is none.
    """
    y, x = (
        (((np.arange(pixels) + 0.5) * side / pixels - middle) - shifts[0]) / _step(shifts)
        for pixels, side, middle in zip((height, width), size, centre, strict=True)
    )
    known = np.nan_to_num(change, nan=0.0).astype(np.float32)
    grid = np.meshgrid(x.astype(np.float32), y.astype(np.float32))
    values = cv2.remap(known, *grid, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    top = float(known.max())
    if top <= 0:
        return np.zeros((height, width), bool)
    count, parts = cv2.connectedComponents((values > THRESHOLD * top).astype(np.uint8))
    if count == 1:
        return parts > 0
    return parts == parts[np.unravel_index(values.argmax(), values.shape)]


def disc_mask(
    field: ReceptiveField, activations: np.ndarray, width: int, height: int
) -> np.ndarray:
    """Return the discs around the units that fire above half of the (h, w) map's largest value.

    This is the authors' shortcut: a disc of 65 pixels, for an input of 227, stands in for the
    receptive field. What was a circle at the input is an ellipse in an image of another aspect.
    """
    mask = np.zeros((height, width), np.uint8)
    if activations.max() <= 0:
        return mask > 0
    scale = np.array([width / field.size[1], height / field.size[0]])
    axes = np.round(DISC * max(field.size) / 2 * scale).astype(int)
    for place in np.argwhere(activations > THRESHOLD * activations.max()):
        middle = np.array(field.centre(tuple(place))[::-1]) * scale - 0.5
        cv2.ellipse(mask, np.round(middle).astype(int), axes, 0, 0, 360, 1, thickness=-1)
    return mask > 0


def cut_out(picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return the (H, W, 3) uint8 picture with all but the mask darkened."""
    return np.where(mask[..., None], picture, (picture * DARKENED).round().astype(np.uint8))


def field_size(found: UnitsFile, line: int) -> float:
    """Return the side, in pixels of the input, of the square as large as a shown row's own field."""
    if found.method == "disc":
        return float(np.sqrt(np.pi) / 2 * DISC * max(found.field.size))
    height, width = (2 * side for side in found.field.size)  # room for a field around the middle
    mask = field_mask(
        found.change[line], found.shifts, (height / 2, width / 2), (height, width), width, height
    )
    return float(np.sqrt(mask.sum()))


def _step(shifts: np.ndarray) -> float:
    return float(shifts[1] - shifts[0]) if len(shifts) > 1 else 1.0
