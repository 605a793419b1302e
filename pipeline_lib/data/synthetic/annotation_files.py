"""Files beside the images: lists, boxes as XML, MATLAB files."""

import xml.etree.ElementTree as ET
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import scipy.io

from pipeline_lib.data.synthetic.drawing import Box


def write_lines(path: Path, lines: Iterable[object]) -> None:
    """Write each value on a line of its own."""
    path.write_text("".join(f"{line}\n" for line in lines))


def write_annotation(
    path: Path,
    folder: str,
    filename: str,
    size: tuple[int, int],
    names: dict[str, str],
    boxes: list[Box],
) -> None:
    """Write half-open boxes as inclusive corners, in the XML format of Pascal VOC.

    ``size`` is the image's (width, height); every object gets the tags and texts of ``names``.
    """
    annotation = ET.Element("annotation")
    ET.SubElement(annotation, "folder").text = folder
    ET.SubElement(annotation, "filename").text = filename
    extent = ET.SubElement(annotation, "size")
    for tag, value in zip(("width", "height", "depth"), (*size, 3), strict=True):
        ET.SubElement(extent, tag).text = str(value)
    for x0, y0, x1, y1 in boxes:
        element = ET.SubElement(annotation, "object")
        for tag, text in names.items():
            ET.SubElement(element, tag).text = text
        box = ET.SubElement(element, "bndbox")
        for tag, value in (("xmin", x0), ("ymin", y0), ("xmax", x1 - 1), ("ymax", y1 - 1)):
            ET.SubElement(box, tag).text = str(value)
    ET.indent(annotation, "\t")
    path.write_text(ET.tostring(annotation, encoding="unicode") + "\n")


def write_mat(path: Path, variables: dict[str, np.ndarray]) -> None:
    """Write a MATLAB 5 file whose bytes do not depend on the time of writing."""
    scipy.io.savemat(path, variables)
    with open(path, "r+b") as file:
        file.write(b"MATLAB 5.0 MAT-file".ljust(116))  # replaces a header with the time of writing


def cells(names: Iterable[str]) -> np.ndarray:
    """Return a MATLAB column of strings."""
    names = list(names)
    column = np.empty((len(names), 1), dtype=object)
    column[:, 0] = names
    return column
