"""Object masks: which pixels of an image are the object's, and which are to be ignored.

A manifest's table ``masks`` names the files. An image may have several masks, a row each: its object is
their union. Masks are images in gray or of a palette, most of them PNG; a pixel brighter than half is in
the mask, which with CUB-200-2011's gray means most of its annotators.
"""

from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image

from pipeline_lib.common.errors import InputError, reason_of
from pipeline_lib.common.files import below
from pipeline_lib.common.images import absence
from pipeline_lib.data.manifest import MASK_COLUMNS, read_csv
from pipeline_lib.data.reading import same_aspect

_HALF = 127  # of 8-bit gray
# With transparency, which some of CUB-200-2011's masks have, Pillow drops it.
_MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA")


class MaskFiles(NamedTuple):
    """The files of an image's masks: of its objects, and of what is to be ignored."""

    objects: tuple[Path, ...]
    ignored: tuple[Path, ...]


def read_mask_table(path: Path, root: Path) -> dict[str, MaskFiles]:
    """Return the mask files by image id, of the images that have any; ``root`` is the set's folder.

    Raises InputError like ``read_csv``.
    """
    table, files = read_csv(path, MASK_COLUMNS), {}
    columns = (table[column] for column in MASK_COLUMNS)
    for image_id, mask, ignore in zip(*columns, strict=True):
        of_image = files.setdefault(image_id, ([], []))
        of_image[0].append(below(root, mask))
        of_image[1].extend([below(root, ignore)] * bool(ignore))
    return {image_id: MaskFiles(*map(tuple, pair)) for image_id, pair in files.items()}


def read_masks(
    files: MaskFiles, image_size: tuple[int, int], size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the union of an image's masks, and what is to be ignored: (height, width) bool each.

    ``image_size`` is the image's (width, height), ``size`` that to resize to; see ``read_mask``. Pixels
    may be in both. Raises InputError like ``read_mask``.
    """
    object_mask, ignored = (_union(paths, image_size, size) for paths in files)
    return object_mask, ignored


def read_mask(path: Path, image_size: tuple[int, int], size: tuple[int, int]) -> np.ndarray:
    """Return a mask, resized to the nearest pixel, as (height, width) bool.

    ``image_size`` and ``size`` are (width, height); a mask may be larger or smaller than its image.
    Pixels are chosen as Choe et al. choose them, by OpenCV's INTER_NEAREST. They count every pixel that
    is not black: for masks of two tones that is the same. Raises InputError, naming the file, if it is
    missing, cannot be decoded, has more than eight bits a channel, or has not the image's aspect.
    """
    try:
        with Image.open(path) as image:
            mode, own_size = image.mode, image.size
            if mode not in _MODES:
                raise ValueError(f"its pixels are of mode {mode}")
            if not same_aspect(own_size, image_size):
                ours, theirs = ("x".join(map(str, each)) for each in (own_size, image_size))
                raise InputError(
                    f"{path}: a mask of {ours} pixels for an image of {theirs}; one is wrong, "
                    "fetch both again"
                )
            gray = np.asarray(image.convert("L"))
    except (InputError, MemoryError):
        raise
    except FileNotFoundError:
        raise InputError(f"{path}: {absence(path)}; fetch it again, or rerun index") from None
    except Exception as error:  # a damaged file raises almost anything
        reason = reason_of(error).replace(f" {str(path)!r}", "")
        raise InputError(f"{path}: no mask that can be read ({reason}); fetch it again") from None
    return cv2.resize(gray, size, interpolation=cv2.INTER_NEAREST) > _HALF


def _union(
    paths: tuple[Path, ...], image_size: tuple[int, int], size: tuple[int, int]
) -> np.ndarray:
    united = np.zeros(size[::-1], bool)
    for path in paths:
        united |= read_mask(path, image_size, size)
    return united
