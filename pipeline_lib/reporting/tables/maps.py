"""The table of map methods and networks: the paper's errors beside the accuracies in use today."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import yaml

from pipeline_lib.common.files import read_json
from pipeline_lib.evaluation.by_image import paired_difference, read_by_image
from pipeline_lib.evaluation.ilsvrc import GT_KNOWN, TOP_1, TOP_5
from pipeline_lib.evaluation.map_scores import CENTRE, PEAK_IOU, PX_AP, column_of
from pipeline_lib.evaluation.scores import read_scores
from pipeline_lib.evaluation.sweep import BOX_ACC, CHOSEN, MAX_BOX_ACC, MAX_BOX_ACC_V1
from pipeline_lib.localization.predictions import network_of
from pipeline_lib.networks.card import read_card
from pipeline_lib.reporting.inputs import Inputs
from pipeline_lib.reporting.tables.describe import describe
from pipeline_lib.reporting.tables.table import NO_SOURCES, TABLE_COLUMNS, Built, sources_of
from pipeline_lib.study.configuration.localization import FEW_SHOT

_PUBLISHED = Path(__file__).parents[1] / "published.yaml"
BIRDS, OPENIMAGES = "birds", "OpenImages30k"
AGAINST = "{}, minus the first"  # the label of a column of differences


class Column(NamedTuple):
    """A column: its label, its metric and box method in the scores, whether higher is better."""

    label: str
    metric: str
    box_method: str = "paper"
    is_accuracy: bool = False


COLUMNS = (
    Column("top-1", TOP_1),
    Column("top-5", TOP_5),
    Column("top-1 (authors' rule)", TOP_1, "authors"),
    Column("top-5 (authors' rule)", TOP_5, "authors"),
    Column(GT_KNOWN, GT_KNOWN),
    Column(MAX_BOX_ACC_V1, MAX_BOX_ACC_V1, is_accuracy=True),
    Column(MAX_BOX_ACC, MAX_BOX_ACC, is_accuracy=True),
    Column(BOX_ACC, BOX_ACC, is_accuracy=True),
    Column(PX_AP, PX_AP, "", is_accuracy=True),
    Column(PEAK_IOU, PEAK_IOU, "", is_accuracy=True),
)
COMPARED = (COLUMNS[4], COLUMNS[6])  # those whose difference from the first method is shown
_DEFINITIONS = (
    "A row is a network and a method; all maps are of the whole image, from one forward pass.",
    "top-1, top-5, GT-known: errors in percent, as in Table 2, all with the box of the paper's box "
    "method, or of the authors' rule (the loose box, on the map of one crop).",
    "MaxBoxAcc, MaxBoxAccV2: accuracies in percent as the reference evaluator of Choe et al. computes "
    "them, at the threshold that is best for the scored images; higher is better.",
    "BoxAccV2: the same at thresholds chosen on held-out images: {held_out}.",
    "PxAP, peak IoU (Choe et al. 2020), where images have object masks: the area under the curve of "
    "precision and recall of pixels, and their IoU at the best threshold, over all images together.",
    "Gaussian in the centre: a baseline without a network.",
    "few-shot: the same network's last maps, weighted by a logistic regression of the places inside of "
    "boxes, on the held-out images; on a part of the images where there are none, which are then not "
    "scored. Choe et al. fit a network instead.",
    "minus the first: the difference from the network's first method (CAM, or another where a "
    "network has no class maps), with its interval, paired by image. MaxBoxAccV2's is at the thresholds "
    "of each method.",
    "Intervals: 95 %, percentile bootstrap over the images.",
    "published: {source}. Of other networks and images than ours.",
)


_OF_BIRDS = (
    "birds: the test images of CUB-200-2011, by class maps with the weights of linear SVMs, as in "
    "Table 4. BoxAccV2's thresholds are chosen on {held_out}."
)
_OF_OPENIMAGES = (
    "OpenImages30k: its test images, by class maps with the weights of linear SVMs of its 100 classes, "
    "fitted to its training images. It has masks, and no boxes."
)


class Measured(NamedTuple):
    """A row: the network's label, the method, the scores by metric and box method, their file.

    ``images`` says of which images the maps are: nothing for ILSVRC's, BIRDS or OPENIMAGES.
    """

    network: str
    method: str
    scores: pd.DataFrame
    file: Path
    images: str = ""

    @property
    def label(self) -> str:
        """The row's name."""
        parts = (self.network, "" if self.method == "none" else self.method, self.images)
        return ", ".join(filter(None, parts))

    def score(self, column: Column) -> pd.Series | None:
        """Return the score of a column, None where the row has none."""
        table = self.scores
        found = table[
            (table["metric"] == column.metric) & (table["box_method"] == column.box_method)
        ]
        return None if found.empty else found.iloc[0]


@cache
def published() -> dict:
    """Return the numbers that others published, from published.yaml."""
    return yaml.safe_load(_PUBLISHED.read_text(encoding="utf-8"))


def build(inputs: Inputs, _table: str, study: str) -> Built:
    """Return the table from the roles of the catalogue, with notes."""
    rows = list(_measured(inputs.paths("scores")))
    birds = list(_measured(inputs.optional("birds"), BIRDS))
    openimages = list(_measured(inputs.optional("openimages"), OPENIMAGES))
    cells = build_cells([*rows, *birds, *openimages])
    summary = read_json(inputs.path("summary"))
    others = map(read_json, inputs.optional("summaries"))
    held_out = _held_out(rows)
    notes = [
        *(each.format(held_out=held_out, source=published()["source"]) for each in _DEFINITIONS),
        *[_OF_BIRDS.format(held_out=_held_out(birds, "CUBV2"))] * bool(birds),
        *[_OF_OPENIMAGES] * bool(openimages),
        *(f"{each['data_set']}: {note}" for each in others for note in each["notes"]),
        f"Ours: study {study}, {summary['data_set']}, {summary['found']:,} images.",
        *inputs.notes,
        *summary["notes"],
        *(f"{card.name}: {describe(card)}." for card in map(read_card, inputs.paths("cards"))),
    ]
    return Built(cells, cells, notes)


def build_cells(rows: list[Measured]) -> pd.DataFrame:
    """Return the table as rows of ``TABLE_COLUMNS``; the column ``paper`` has what others published."""
    others, lines = published()["rows"], []
    first = {}  # of each network
    for row in rows:
        first.setdefault((row.network, row.images), row)
        for column in COLUMNS:
            printed = others.get(row.label, {}).get(column.label, np.nan)
            lines.append((row.label, column.label, printed, *_cell(row, column)))
        for column in COMPARED:
            label = AGAINST.format(column.label)
            lines.append(
                (
                    row.label,
                    label,
                    np.nan,
                    *_difference(row, first[row.network, row.images], column),
                )
            )
    measured = {row.label for row in rows}
    for name, numbers in others.items():
        if name not in measured:
            for column in dict.fromkeys(line[1] for line in lines):
                printed = numbers.get(column, np.nan)
                lines.append((name, column, printed, *_empty("published, not of this study")))
    return pd.DataFrame(lines, columns=list(TABLE_COLUMNS))


def _measured(paths: list[Path], images: str = "") -> Iterator[Measured]:
    """Yield the rows of the files of scores, a network's method once."""
    seen = set()
    for path in paths:
        scores = read_scores(path)
        if scores.empty:
            continue
        name, method = scores[["row", "method"]].iloc[0]
        network = network_of(name)
        if (network, method) not in seen:
            seen.add((network, method))
            yield Measured(network, method, scores, path, images)


def _held_out(rows: list[Measured], title: str = "ImageNetV2") -> str:
    """Say which images thresholds were chosen on: those of the data set ``title``, or a part."""
    for row in rows:
        counts = row.scores.set_index("metric")["n"]
        if CHOSEN in counts and BOX_ACC in counts:
            if counts[BOX_ACC] == counts[MAX_BOX_ACC]:
                return f"{counts[CHOSEN]:,} images of {title}"
            return (
                f"{counts[CHOSEN]:,} of the {counts[MAX_BOX_ACC]:,} images; the boxes of {title}, "
                "which Choe et al. chose on, are not there"
            )
    return "none"


def _cell(row: Measured, column: Column) -> tuple:
    """Return the cells ours to column of TABLE_COLUMNS."""
    score = row.score(column)
    if score is None:
        if column.metric in (PX_AP, PEAK_IOU):
            return _empty("PxAP: the images have no masks")
        if row.images == OPENIMAGES:
            return _empty("OpenImages30k has no boxes")
        is_nameless = row.network == CENTRE or row.method == FEW_SHOT
        return _empty("names no class: no top-1 and top-5" if is_nameless else "")
    numbers = (score["error"], score["low"], score["high"], score["n"])
    if not column.box_method:  # over all pixels at once: it is no mean over images
        return (*numbers, "", *NO_SOURCES)
    by_image = column_of(column.metric, column.box_method)
    return (*numbers, "", *sources_of(str(row.file), by_image))


def _difference(row: Measured, first: Measured, column: Column) -> tuple:
    """Return the cells of a row's difference from the first method of its network."""
    if row is first or row.score(column) is None or first.score(column) is None:
        return _empty("")
    name = column_of(column.metric, column.box_method)
    values = [
        read_by_image(Path(sources_of(str(each.file), name)[1]), name) for each in (row, first)
    ]
    difference = paired_difference(*values)
    if difference is None:
        return _empty("the two are not of the same images")
    return (difference.value, difference.low, difference.high, difference.n, "", *NO_SOURCES)


def _empty(reason: str) -> tuple:
    return (*[np.nan] * 3, 0, reason, *NO_SOURCES)


def higher_is_better(label: str) -> bool | None:
    """Return whether a column's numbers are better if higher; None for a difference."""
    return next((each.is_accuracy for each in COLUMNS if each.label == label), None)
