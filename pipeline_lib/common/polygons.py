"""Outlines of objects in images: as text in a table, and as cells of a grid over the image.

A polygon is (n, 2) float, x and y in pixels; the first pixel spans 0 to 1. It is closed: the last point
is connected to the first, which is not repeated.
"""

import cv2
import numpy as np

_SUBPIXEL = 6  # bits of OpenCV's fixed-point coordinates


def as_text(polygon: np.ndarray) -> str:
    """Return "x y x y ...", rounded to a hundredth of a pixel."""
    return " ".join(f"{value:.2f}".rstrip("0").rstrip(".") for value in polygon.ravel())


def from_text(text: str) -> np.ndarray:
    """Return the polygon that ``as_text`` wrote. Raises ValueError for other text."""
    return np.array(text.split(), np.float64).reshape(-1, 2)


def cells(polygon: np.ndarray, size: tuple[int, int], grid: tuple[int, int]) -> np.ndarray:
    """Return the cells that a polygon covers, (rows, columns) bool.

    ``size`` is the image's (width, height), ``grid`` the grid's (columns, rows). A cell is covered if
    its centre is inside or, as OpenCV draws, if the outline crosses it, so that a small object also
    covers a cell. Parts outside the image cover nothing.
    """
    in_cells = polygon * np.divide(grid, size) - 0.5  # OpenCV's whole numbers are centres of cells
    points = np.round(in_cells * (1 << _SUBPIXEL)).astype(np.int32)
    mask = np.zeros(grid[::-1], np.uint8)
    cv2.fillPoly(mask, [points], 1, lineType=cv2.LINE_8, shift=_SUBPIXEL)
    return mask.astype(bool)
