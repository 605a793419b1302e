"""The manifest of an image set: which images there are, their labels, sizes and boxes.

Five CSV files and a summary, the same for every layout:

- images: ``image_id, path, label, width, height, blacklisted``; the path is relative to the data
  set's folder, the label a WNID or another name of a class (empty where unknown), sizes in pixels
  (empty where not needed)
- boxes: ``image_id, label, x0, y0, x1, y1``, half-open, in pixels of the image as it is on disk
- classes: ``label, id, name``; ``id`` is the data set's own, ``name`` is for people
- splits: ``split, part, image_id, label``; ``split`` is a number from 1 on, or the attribute that is
  to be told, ``part`` is train or test, ``label`` the image's class, or present or absent. Every
  label of a split is in both of its parts. Empty for a set that is not split
- annotations: what else is known of the images of a set of Section 4.2, in columns of its reader's
- summary (JSON): what was found, what is missing, and notes a reader of the tables should see
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pandas as pd

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import atomic

IMAGE_COLUMNS = ("image_id", "path", "label", "width", "height", "blacklisted")
BOX_COLUMNS = ("image_id", "label", "x0", "y0", "x1", "y1")
CLASS_COLUMNS = ("label", "id", "name")
SPLIT_COLUMNS = ("split", "part", "image_id", "label")
PRESENT, ABSENT = "present", "absent"  # the labels of a split that is an attribute
TEXT_COLUMNS = ("image_id", "path", "label", "class", "name", "split", "part", "caption", "concept")
MADE_FROM = "# made from "  # opens the first line of a table that names what it was made from


@dataclass(frozen=True)
class Summary:
    """What a reader found, in full sentences, printed under the tables made from it.

    ``notes`` concern every table, ``box_notes`` those that score boxes.
    """

    data_set: str
    found: int
    expected: int | None = None
    notes: list[str] = field(default_factory=list)
    box_notes: list[str] = field(default_factory=list)

    def as_json(self) -> dict:
        """Return the JSON object that is written beside the manifest."""
        return asdict(self)


@dataclass(frozen=True)
class ImageSet:
    """What a layout's reader returns: the tables as lists of rows, and the summary."""

    images: list[tuple]
    boxes: list[tuple]
    classes: list[tuple]
    summary: Summary
    splits: list[tuple] = field(default_factory=list)
    annotations: pd.DataFrame = field(default_factory=pd.DataFrame, compare=False)


def write_csv(path: Path | str, frame: pd.DataFrame, made_from: str | None = None) -> None:
    """Write a table atomically; ``made_from`` goes into a first comment line, see ``read_csv``."""
    with atomic(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        if made_from is not None:
            file.write(f"{MADE_FROM}{made_from}\n")
        frame.to_csv(file, index=False)


def write_rows(path: Path | str, columns: Iterable[str], rows: Iterable[tuple]) -> None:
    """Write rows under ``columns`` as CSV, atomically."""
    write_csv(path, pd.DataFrame(list(rows), columns=list(columns)))


def read_csv(
    path: Path | str, columns: Iterable[str], made_from: str | None = None
) -> pd.DataFrame:
    """Read a table written by ``write_csv``; the TEXT_COLUMNS are read as text, whatever they hold.

    Empty strings stay strings, empty numbers become NaN.

    Raises InputError where it is missing, is no CSV, lacks a column, or was made from something
    else than ``made_from`` (a fingerprint).
    """
    try:
        with open(path, encoding="utf-8") as file:
            first = file.readline().rstrip("\n")
        frame = pd.read_csv(
            path,
            skiprows=int(first.startswith(MADE_FROM)),
            dtype=dict.fromkeys(TEXT_COLUMNS, str),
            keep_default_na=False,
            na_values={name: [""] for name in ("width", "height", "score")},
        )
    except FileNotFoundError:
        raise InputError(f"{path}: not found") from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not a CSV table ({error}); delete it and rerun") from None
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise InputError(f"{path}: lacks the column {', '.join(missing)}; delete it and rerun")
    if made_from is not None and first != f"{MADE_FROM}{made_from}":
        raise InputError(f"{path}: was not made from {made_from}; delete it and rerun")
    return frame


def sampled_sizes(images: pd.DataFrame, root: Path, count: int = 256) -> list[int]:
    """Return the sizes in bytes of about ``count`` image files, spread over the manifest.

    For fingerprints: the manifest alone does not change when its images are drawn or fetched anew.
    Raises InputError for an image that is not there.
    """
    sample = images["path"].iloc[:: max(1, len(images) // count)]
    try:
        return [(root / path).stat().st_size for path in sample]
    except FileNotFoundError as error:
        raise InputError(f"{error.filename}: in the manifest, but not there; rerun index") from None


def read_images(path: Path | str) -> pd.DataFrame:
    """Read an images table; raises InputError for one without a row."""
    images = read_csv(path, IMAGE_COLUMNS)
    if images.empty:
        raise InputError(f"{path}: lists no image")
    return images
