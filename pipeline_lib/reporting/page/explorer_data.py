"""The data of the explorer: a few dozen images, with every network's maps at mapping resolution.

Maps are stored as 16-bit whole numbers between their lowest and highest value, so that the page can
upsample them, and make boxes from them, as the library does. The gradient's maps have the input's
resolution: they are reduced, for looking at only, and come with the boxes that the study made.
"""

import base64
import io
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import cv2
import matplotlib
import numpy as np
import pandas as pd
from PIL import Image

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.images import open_rgb
from pipeline_lib.data.classes import short_name
from pipeline_lib.data.manifest import (
    BOX_COLUMNS,
    pictures,
    read_csv,
    read_file_settings,
    read_made_from,
)
from pipeline_lib.evaluation.ground_truth import CORNERS, localizable
from pipeline_lib.evaluation.ilsvrc import MIN_IOU, best_overlap
from pipeline_lib.localization.extraction import BOX_TABLE_COLUMNS
from pipeline_lib.localization.heat_maps import MAX, TRUE_CLASS
from pipeline_lib.localization.predictions import PIXEL_METHODS, Predictions, network_of
from pipeline_lib.reporting.figures.pictures import COLOURS
from pipeline_lib.reporting.inputs import Inputs
from pipeline_lib.reporting.page.explorer_choice import Group, Outcomes, choose
from pipeline_lib.reporting.tables.columns import CITED

PICTURE_SIDE, PICTURE_QUALITY = 224, 70  # pixels of the long side; of 100
GRADIENT_SIDE = 48  # pixels of a gradient's map, for looking at only


class BoxFile(NamedTuple):
    """The boxes of the true classes: (image_id, fit, corners), and how they were made."""

    boxes: pd.DataFrame
    settings: dict[str, object]


def explorer_data(inputs: Inputs, count: int, named: list[str]) -> dict:
    """Return what the page embeds, JSON-like.

    ``inputs`` has the roles predictions (one crop; the main network's first; and of gradients), boxes
    (of these, by any box method), true-boxes, images and classes; ``count`` images are chosen by the
    rule, besides those ``named``. Raises InputError for files that do not belong together, and without
    the main network's boxes by the paper's method.
    """
    files, images, root = inputs.shared_images()
    main = files[0]
    for predictions in files:
        if predictions.method not in PIXEL_METHODS and predictions.crops > 1:
            raise InputError(f"{predictions.name}: explorer takes maps of one crop, not of ten")
    boxes = _boxes_by_maps(inputs.optional("boxes"), files)
    if (main.fingerprint, "paper") not in boxes:
        raise InputError(f"explorer needs the boxes of {main.name} by box method paper")
    true_boxes = read_csv(inputs.path("true-boxes"), BOX_COLUMNS)
    networks = [each for each in files if each.method not in PIXEL_METHODS]
    scored = [each for each in networks if (each.fingerprint, "paper") in boxes]
    paper = [boxes[each.fingerprint, "paper"].boxes for each in scored]
    outcomes = _outcomes(scored, paper, images, true_boxes)
    groups = choose(outcomes, main.image_id, count, named, [each.name for each in scored])
    shown = [(group, row) for group in groups for row in group.rows]
    names = _Names(inputs.names)
    settings = boxes[main.fingerprint, "paper"].settings
    truth = {
        name: rows[CORNERS].to_numpy().tolist() for name, rows in true_boxes.groupby("image_id")
    }
    return {
        "network": main.name,
        "threshold": settings["threshold"],
        "interpolation": settings["interpolation"],
        "min_iou": MIN_IOU,
        "groups": [_described(group) for group in groups],
        "sources": [_source(predictions) for predictions in files],
        "images": [
            {
                "id": main.image_id[row],
                "group": group.name,
                "width": int(images["width"].iloc[row]),
                "height": int(images["height"].iloc[row]),
                "class": names.index(main.label_of(int(main.true_class[row]))),
                "true_boxes": truth.get(main.image_id[row], []),
                "picture": _picture(images, root, row),
                "maps": [_maps(predictions, row, names, boxes) for predictions in files],
            }
            for group, row in shown
        ],
        "classes": names.listed,
        "colours": _encoded(_colours()),
    }


class _Names:
    """The classes that are shown, each listed once as [label, name]."""

    def __init__(self, names: dict[str, str]) -> None:
        self.names, self.listed, self._places = names, [], {}

    def index(self, label: str) -> int | None:
        """Return the place of a label in the list; None for the label "" of an unknown class."""
        if label and label not in self._places:
            self._places[label] = len(self.listed)
            self.listed.append([label, short_name(self.names, label)])
        return self._places.get(label)


def _boxes_by_maps(
    paths: Iterable[Path], files: list[Predictions]
) -> dict[tuple[str, str], BoxFile]:
    """Return the boxes of the true classes, by the fingerprint of their maps and their box method."""
    known = {predictions.fingerprint for predictions in files}
    boxes = {}
    for path in paths:
        made_from = read_made_from(path)
        if made_from not in known:
            raise InputError(f"{path}: was made from none of the predictions; delete it and rerun")
        table = read_csv(path, BOX_TABLE_COLUMNS)
        table = table[table["rank"] == TRUE_CLASS][["image_id", "fit", *CORNERS]]
        settings = read_file_settings(path)
        boxes[made_from, str(settings["box_method"])] = BoxFile(table, settings)
    return boxes


def _outcomes(
    networks: list[Predictions],
    boxes: list[pd.DataFrame],
    images: pd.DataFrame,
    true_boxes: pd.DataFrame,
) -> Outcomes:
    """Return how the images fared by the ``boxes`` of each network; the first is the main one."""
    truth = networks[0].true_class
    keep, boxes_of = localizable(images, true_boxes, truth >= 0)
    ids = images["image_id"][keep]
    rights, overlaps = [], []
    for predictions, table in zip(networks, boxes, strict=True):
        made = table.set_index("image_id").loc[ids, CORNERS].to_numpy().reshape(-1, 4)
        pairs = zip(made, boxes_of, strict=True)
        overlaps.append(np.array([best_overlap(box[None], true)[0] for box, true in pairs]))
        rights.append(predictions.classes[keep, 0] == truth[keep])
    wrong = [
        ~(right & (overlap >= MIN_IOU)) for right, overlap in zip(rights, overlaps, strict=True)
    ]
    return Outcomes(
        rows=np.flatnonzero(keep),
        class_is_right=rights[0],
        overlap=overlaps[0],
        box_is_right=overlaps[0] >= MIN_IOU,
        wrong_networks=np.sum(wrong, axis=0),
    )


def _described(group: Group) -> dict:
    return {
        "name": group.name,
        "title": group.title,
        "rule": group.rule,
        "shown": len(group.rows),
        "total": group.total,
    }


def _source(predictions: Predictions) -> dict:
    """Return what the maps of a predictions file are; the size is that of the stored maps."""
    height, width = predictions.true_map.shape[-2:]
    if predictions.method in PIXEL_METHODS:
        width, height = _reduced(width, height)
    return {
        "network": network_of(predictions.name),
        "method": predictions.method,
        "width": width,
        "height": height,
    }


def _maps(
    predictions: Predictions, row: int, names: _Names, boxes: dict[tuple[str, str], BoxFile]
) -> dict:
    """Return an image's guesses with a map, [class, score, map], and the true class's map.

    The true class has no map of its own, None, where its label is unknown or it is among the guesses.
    """
    if predictions.method in PIXEL_METHODS:
        known = predictions.true_class[row] >= 0
        stored = {
            method: _stored(boxes[predictions.fingerprint, method], predictions.image_id[row])
            for method in (CITED[predictions.method], "authors")
            if (predictions.fingerprint, method) in boxes
        }
        plane = np.asarray(predictions.true_map[row, MAX], np.float32)
        size = _reduced(*plane.shape[::-1])
        true_map = quantized(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), 8)
        return {"guesses": [], "true_map": true_map if known else None, "boxes": stored}
    labels = predictions.labels_of(row)[: predictions.maps.shape[1]]
    guesses = [
        [
            names.index(label),
            round(float(predictions.scores[row, rank]), 4),
            quantized(np.asarray(predictions.maps[row, rank, 0], np.float32), 16),
        ]
        for rank, label in enumerate(labels)
    ]
    truth = predictions.label_of(int(predictions.true_class[row]))
    own = truth and truth not in labels
    true_map = np.asarray(predictions.true_map[row, 0], np.float32)
    return {"guesses": guesses, "true_map": quantized(true_map, 16) if own else None}


def _stored(file: BoxFile, image_id: str) -> dict[str, list[float]]:
    """Return an image's stored boxes by their fit, loose and tight."""
    rows = file.boxes[file.boxes["image_id"] == image_id]
    return dict(zip(rows["fit"], rows[CORNERS].to_numpy().tolist(), strict=True))


def _reduced(width: int, height: int) -> tuple[int, int]:
    """Return the (width, height) of a gradient's map on the page."""
    ratio = min(1, GRADIENT_SIDE / max(width, height))
    return max(1, round(width * ratio)), max(1, round(height * ratio))


def quantized(plane: np.ndarray, bits: int) -> dict:
    """Return an (h, w) map as whole numbers between its extremes; without values if not finite."""
    if not np.isfinite(plane).all():
        return {"low": 0, "high": 0, "bits": bits, "values": None}
    low, high = float(plane.min()), float(plane.max())
    most = 2**bits - 1
    span = (plane.astype(np.float64) - low) / (high - low) if high > low else np.ones(plane.shape)
    levels = np.round(span * most).astype(f"<u{bits // 8}")
    # Nine digits are enough to name a float32.
    return {
        "low": float(f"{low:.9g}"),
        "high": float(f"{high:.9g}"),
        "bits": bits,
        "values": _encoded(levels.tobytes()),
    }


def _picture(images: pd.DataFrame, root: Path, row: int) -> str:
    """Return an image as the address of a small WebP."""
    (picture,) = pictures(images.iloc[[row]], root)
    small = open_rgb(*picture)
    small.thumbnail((PICTURE_SIDE, PICTURE_SIDE), Image.Resampling.LANCZOS)
    content = io.BytesIO()
    small.save(content, "WEBP", quality=PICTURE_QUALITY)
    return f"data:image/webp;base64,{_encoded(content.getvalue())}"


def _colours() -> bytes:
    """Return the figures' colours of heat maps, 256 times red, green and blue."""
    colours = matplotlib.colormaps[COLOURS](np.arange(256))[:, :3]
    return (colours * 255).round().astype(np.uint8).tobytes()


def _encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()
