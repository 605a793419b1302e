"""Masks of a unit's receptive field in an image: as measured, or the authors' disc."""

import cv2
import numpy as np

from pipeline_lib.units.receptive_field import ReceptiveField
from pipeline_lib.units.units_file import UnitsFile

THRESHOLD = 0.5  # fraction of the largest value above which a position is in the field
FADED = (70, 190)  # what black and white become outside the mask
DISC = 65 / 227  # diameter of the authors' disc for conv5, as a fraction of the input's side


def unit_mask(
    units: UnitsFile, shown_index: int, image: int, width: int, height: int
) -> np.ndarray:
    """Return the (height, width) bool mask of ``shown_rows[shown_index]`` in its ``image``-th image."""
    row = units.shown_rows[shown_index]
    if units.method == "disc":
        return disc_mask(units.field, units.maps[shown_index, image], width, height)
    centre = units.field.centre(units.position[row, image])
    return field_mask(
        units.drop[shown_index], units.shifts, centre, units.field.size, width, height
    )


def field_mask(
    drop: np.ndarray,
    shifts: np.ndarray,
    centre: tuple[float, float],
    size: tuple[int, int],
    width: int,
    height: int,
) -> np.ndarray:
    """Return where the measured field around ``centre`` is above half of its largest value.

    ``drop`` (g, g) was measured at ``shifts`` from the field's centre. ``centre`` (y, x) and the shifts
    are in pixels of an input of ``size`` (height, width), to which the image of ``width`` and ``height``
    was warped. Values between shifts are interpolated bilinearly. Only the connected component with the
    largest value is returned; the mask is empty if no occlusion lowers the activation.
    """
    y, x = (
        (((np.arange(pixels) + 0.5) * side / pixels - middle) - shifts[0]) / _step(shifts)
        for pixels, side, middle in zip((height, width), size, centre, strict=True)
    )
    known = np.nan_to_num(drop, nan=0.0).astype(np.float32)
    grid = np.meshgrid(x.astype(np.float32), y.astype(np.float32))
    values = cv2.remap(known, *grid, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    top = float(known.max())
    if top <= 0:
        return np.zeros((height, width), bool)
    count, components = cv2.connectedComponents((values > THRESHOLD * top).astype(np.uint8))
    if count == 1:
        return components > 0
    return components == components[np.unravel_index(values.argmax(), values.shape)]


def disc_mask(
    field: ReceptiveField, activations: np.ndarray, width: int, height: int
) -> np.ndarray:
    """Return discs around the positions where the (h, w) map is above half of its largest value.

    This is the authors' approximation of the receptive field: a disc of 65 pixels for an input of 227.
    In an image of another aspect ratio than the input, it is an ellipse.
    """
    mask = np.zeros((height, width), np.uint8)
    if activations.max() <= 0:
        return mask > 0
    scale = np.array([width / field.size[1], height / field.size[0]])
    axes = np.round(DISC * max(field.size) / 2 * scale).astype(int)
    for position in np.argwhere(activations > THRESHOLD * activations.max()):
        centre = np.array(field.centre(tuple(position))[::-1]) * scale - 0.5
        cv2.ellipse(mask, np.round(centre).astype(int), axes, 0, 0, 360, 1, thickness=-1)
    return mask > 0


def fade_outside(picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return the (H, W, 3) uint8 picture, pale and grey outside the mask, however dark it is."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None]
    low, high = FADED
    faded = (low + grey / 255 * (high - low)).round().astype(np.uint8)
    return np.where(mask[..., None], picture, faded)


def field_size(units: UnitsFile, shown_index: int) -> float:
    """Return the side, in pixels of the input, of a square with the area of a shown row's field."""
    if units.method == "disc":
        return float(np.sqrt(np.pi) / 2 * DISC * max(units.field.size))
    height, width = (2 * side for side in units.field.size)  # room for a field around the middle
    mask = field_mask(
        units.drop[shown_index],
        units.shifts,
        (height / 2, width / 2),
        (height, width),
        width,
        height,
    )
    return float(np.sqrt(mask.sum()))


def _step(shifts: np.ndarray) -> float:
    return float(shifts[1] - shifts[0]) if len(shifts) > 1 else 1.0
