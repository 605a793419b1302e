"""The manifest of an image set: its images, their labels, sizes and boxes.

Six CSV files and a summary, the same for every layout:

- images: ``image_id, path, label, width, height, blacklisted, view``; the path is relative to the data
  set's folder, the label is a WNID or another class name (empty if unknown), sizes are in pixels
  (empty if not needed). The view (``common.images``) says how the file is to be decoded; tables of
  earlier versions lack it, and mean what is stored
- boxes: ``image_id, label, x0, y0, x1, y1``, half-open, in pixels of the image's view
- masks: ``image_id, path, ignore``, the files of the images' object masks (``data.masks``), relative to
  the data set's folder; ``ignore`` masks what is to count for nothing, "" without. An image has no row,
  or one for each of its masks. Empty for a set without masks
- classes: ``label, id, name``; ``id`` is the data set's own, ``name`` is human-readable
- splits: ``split, subset, image_id, label``; ``split`` is a number from 1 on, or the name of an
  attribute, ``subset`` is train or test, ``label`` the image's class, or present or absent. Every
  label of a split is in both subsets. Empty for a set that is not split
- annotations: other facts about the images of a set of Section 4.2; the reader defines the columns
- summary (JSON): what was found, what is missing, and notes for readers of the tables
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from pipeline_lib.common.checksums import mark, require_unchanged
from pipeline_lib.common.errors import InputError, reason_of
from pipeline_lib.common.files import atomic, fingerprint
from pipeline_lib.common.images import STORED, VIEWS, Picture

IMAGE_COLUMNS = ("image_id", "path", "label", "width", "height", "blacklisted")
VIEW = "view"  # the optional column of images
BOX_COLUMNS = ("image_id", "label", "x0", "y0", "x1", "y1")
MASK_COLUMNS = ("image_id", "path", "ignore")
CLASS_COLUMNS = ("label", "id", "name")
SPLIT_COLUMNS = ("split", "subset", "image_id", "label")
PRESENT, ABSENT = "present", "absent"  # the labels of a split that is an attribute
TEXT_COLUMNS = (
    "image_id",
    "path",
    "ignore",
    "label",
    "class",
    "name",
    "split",
    "subset",
    "caption",
    "concept",
)
RENAMED_COLUMNS = {  # of tables of earlier versions
    "rule": "box_method",
    "part": "subset",
    "told_apart": "separability",
    "unmined": "ap_before_mining",
    "having": "n_positive",
    "best": "max_precision",
    "guess": "predicted",
    "most": "max_possible",
}


@dataclass(frozen=True)
class Summary:
    """What a reader found: numbers of images, and notes to print under tables, in full sentences.

    ``notes`` concern every table, ``box_notes`` those that score boxes. ``unreadable`` is the number of
    images that were left out because they cannot be decoded.
    """

    data_set: str
    found: int
    expected: int | None = None
    notes: list[str] = field(default_factory=list)
    box_notes: list[str] = field(default_factory=list)
    unreadable: int = 0

    def as_json(self) -> dict:
        """Return the JSON object that is written beside the manifest."""
        return asdict(self)


@dataclass(frozen=True)
class ImageSet:
    """What the reader of a layout returns: tables as lists of rows, and the summary.

    ``views`` has those of the images, by their id, that were annotated in another view than the set's.
    """

    images: list[tuple]
    boxes: list[tuple]
    classes: list[tuple]
    summary: Summary
    splits: list[tuple] = field(default_factory=list)
    annotations: pd.DataFrame = field(default_factory=pd.DataFrame, compare=False)
    views: dict[str, str] = field(default_factory=dict)
    masks: list[tuple] = field(default_factory=list)


def write_csv(
    path: Path | str,
    frame: pd.DataFrame,
    made_from: str | None = None,
    settings: Mapping[str, object] | None = None,
) -> None:
    """Write a table atomically, with a checksum that ``read_csv`` compares.

    ``made_from``, a fingerprint, and ``settings``, JSON-like values that say how it was made, go into
    a first line ``# {"made_from": ..., "settings": ...}``: see ``read_csv`` and ``read_file_settings``.
    """
    header = {"made_from": made_from, "settings": settings and dict(settings)}
    header = {key: value for key, value in header.items() if value is not None}
    with atomic(path) as temporary:
        with open(temporary, "w", encoding="utf-8", newline="") as file:
            if header:
                file.write(f"# {json.dumps(header)}\n")
            frame.to_csv(file, index=False, lineterminator="\n")
        mark(temporary)


def write_rows(path: Path | str, columns: Iterable[str], rows: Iterable[tuple]) -> None:
    """Write rows under ``columns`` as CSV, atomically."""
    write_csv(path, pd.DataFrame(list(rows), columns=list(columns)))


def read_csv(
    path: Path | str, columns: Iterable[str], made_from: str | None = None
) -> pd.DataFrame:
    """Read a table written by ``write_csv``; the TEXT_COLUMNS are always read as text.

    Empty strings stay strings, empty numbers become NaN.

    Raises InputError if it is missing, is no CSV, lacks a column, is not as it was written, or was
    made from something else than ``made_from`` (a fingerprint).
    """
    header = _read_header(path)
    try:
        frame = pd.read_csv(
            path,
            skiprows=int(bool(header)),
            dtype=dict.fromkeys(TEXT_COLUMNS, str),
            keep_default_na=False,
            na_values={name: [""] for name in ("width", "height", "score")},
        )
    except ValueError as error:  # pandas' own errors are among these
        raise InputError(
            f"{path}: not a CSV table ({reason_of(error)}); delete it and rerun"
        ) from None
    missing = [_with_old_name(name, frame) for name in columns if name not in frame.columns]
    if missing:
        raise InputError(f"{path}: lacks the column {', '.join(missing)}; delete it and rerun")
    if made_from is not None and header.get("made_from") != made_from:
        raise InputError(f"{path}: was not made from {made_from}; delete it and rerun")
    return frame


def read_file_settings(path: Path | str) -> dict[str, object]:
    """Return the settings that ``write_csv`` put into a table. Raises InputError if there are none."""
    try:
        return dict(_read_header(path)["settings"])
    except (KeyError, TypeError):
        raise InputError(f"{path}: does not say how it was made; delete it and rerun") from None


def read_made_from(path: Path | str) -> str:
    """Return the fingerprint of what a table was made from, "" if ``write_csv`` was given none."""
    return str(_read_header(path).get("made_from", ""))


def _read_header(path: Path | str) -> dict:
    """Return what the first line says of a table, {} if it is the row of column names.

    Raises InputError for a table that is missing, was written by an earlier version, or is not as it
    was written.
    """
    try:
        require_unchanged(path)
        with open(path, encoding="utf-8") as file:
            first = file.readline()
        if first.startswith("# made from "):
            raise InputError(f"{path}: written by an earlier version; delete it and rerun")
        return json.loads(first[2:]) if first.startswith("# {") else {}
    except FileNotFoundError:
        raise InputError(f"{path}: not found") from None
    except ValueError as error:  # neither UTF-8 nor JSON
        raise InputError(
            f"{path}: not a CSV table ({reason_of(error)}); delete it and rerun"
        ) from None


def _with_old_name(column: str, frame: pd.DataFrame) -> str:
    """Name a column that a table lacks, with its name of earlier versions if the table has that."""
    old = next(
        (old for old, new in RENAMED_COLUMNS.items() if new == column and old in frame), None
    )
    return f"{column} (called {old} by an earlier version)" if old else column


def sampled_sizes(images: pd.DataFrame, root: Path, count: int = 256) -> list[int]:
    """Return the sizes in bytes of about ``count`` image files, spread over the manifest.

    For fingerprints: the manifest alone does not change when its images are drawn or fetched again.
    Raises InputError if an image does not exist.
    """
    sample = images["path"].iloc[:: max(1, len(images) // count)]
    try:
        return [(root / path).stat().st_size for path in sample]
    except FileNotFoundError as error:
        raise InputError(
            f"{error.filename}: in the manifest, but does not exist; rerun index"
        ) from None


class ImagesIdentity(NamedTuple):
    """Fingerprints of an image set: of its manifest, and of the sizes of its ``files``."""

    images: str
    files: str


def identify_images(manifest: Path, images: pd.DataFrame, root: Path) -> ImagesIdentity:
    """Return what identifies the ``images``, read from ``manifest``, with paths below ``root``.

    Predictions, features, units and trainings all hold it: the one way to say of which images
    something was made. It does not change when the images are moved. Raises InputError if one of them
    does not exist.
    """
    return ImagesIdentity(fingerprint(manifest), fingerprint(sampled_sizes(images, root)))


def read_images(path: Path | str) -> pd.DataFrame:
    """Read an images table, with its VIEW; raises InputError if it has no row, or an unknown view."""
    images = read_csv(path, IMAGE_COLUMNS)
    if images.empty:
        raise InputError(f"{path}: lists no image")
    if VIEW not in images:
        images[VIEW] = STORED
    if unknown := set(images[VIEW]) - set(VIEWS):
        raise InputError(f"{path}: '{unknown.pop()}' is no view; delete it and rerun")
    return images


def pictures(images: pd.DataFrame, root: Path) -> list[Picture]:
    """Return the files of an images table, which lie below ``root``, each with its view."""
    return [
        Picture(root / path, view) for path, view in zip(images["path"], images[VIEW], strict=True)
    ]
