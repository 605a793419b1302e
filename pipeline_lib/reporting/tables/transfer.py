"""Tables 4 and 5: linear SVMs on deep features, this study's numbers beside the paper's."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import read_json
from pipeline_lib.data.manifest import read_csv
from pipeline_lib.data.transfer.sets import transfer_sets
from pipeline_lib.evaluation.bird_boxes import BIRD_BOX_COLUMNS
from pipeline_lib.evaluation.transfer import (
    TRANSFER_SCORE_COLUMNS,
    read_transfer_scores,
    scaling_name,
)
from pipeline_lib.networks.card import read_card
from pipeline_lib.reporting.inputs import Inputs
from pipeline_lib.reporting.tables.describe import describe, percent, several_settings
from pipeline_lib.reporting.tables.table import (
    NO_SOURCES,
    SOURCE_COLUMNS,
    Built,
    paper_numbers,
    reason_of,
    sources_of,
)

SVM_TABLE_COLUMNS = (
    *("row", "metric", "paper", "ours", "low", "high", "spread", "n", "note"),
    *SOURCE_COLUMNS,
)
BIRDS = "CUB-200-2011"
ACCURACY, LOCALIZATION = "accuracy", "localization"
# The rows of Table 5 in the paper by network; a study's other networks add rows of their own name.
FEATURES = {
    "AlexNet": "fc7 from AlexNet",
    "GoogLeNet": "ave pool from GoogLeNet",
    "GoogLeNet-GAP": "gap from GoogLeNet-GAP",
}
CROPS = {"whole": "on full image", "cam": "on crop", "box": "on BBox"}
_NOT_OURS = "not computed: not among this study's networks"
_QUOTED = "quoted from the paper, not reproduced"

_SVM = (
    "Accuracy in percent of a linear SVM on the test images (average precision for SUN Attribute, the "
    "mean over attributes); several splits: their mean ± standard deviation.",
    "L2-regularised squared hinge, one-vs-rest; C, and whether features are scaled to unit length, are "
    "chosen by cross-validation on the training images.",
    "Intervals: 95 %, percentile bootstrap over the test images.",
)
_ATTRIBUTES = (
    "SUN Attribute's interval resamples the attributes instead: it says how the mean would vary with "
    "the choice of attributes, not of images."
)
_BIRDS = (
    "Each row has features and an SVM of its own; training and test images are cropped alike. A CAM "
    "crop is the box of the class that the full image's SVM predicts, from a map made with its weights: "
    "{box}.",
    "That SVM was fitted on the training images, so it knows their species when it chooses their crops; "
    "test images are new to it.",
    "Localization: percent of test images whose box overlaps the true one by at least 0.5 (IoU), "
    "whatever the predicted class.",
)


def build(inputs: Inputs, table: str, study: str) -> Built:
    """Return Table 4 or 5 from the roles scores, located, cards and summaries, with its notes.

    Raises InputError where the birds' boxes were made with several settings.
    """
    frames = [
        read_transfer_scores(path).assign(file=str(path)) for path in inputs.optional("scores")
    ]
    empty = pd.DataFrame(columns=[*TRANSFER_SCORE_COLUMNS, "file"])
    scores = pd.concat([empty, *frames], ignore_index=True)
    scores = scores.astype({"chosen": bool, "normalised": bool})
    summaries = {
        summary["data_set"]: summary for summary in map(read_json, inputs.optional("summaries"))
    }
    paper = paper_numbers()[table]
    if table == "table4":
        located = pd.DataFrame(columns=[*BIRD_BOX_COLUMNS, "file"])
        for path in inputs.optional("located"):
            located = read_csv(path, BIRD_BOX_COLUMNS).assign(file=str(path))
        to_read = cells = build_table4(scores, located, inputs.absent)
        notes = [note.format(box=_box_of(located)) for note in _BIRDS]
        notes += [note for summary in summaries.values() for note in summary["notes"]]
    else:
        cells = build_table5(scores, inputs.absent)
        to_read = by_set(cells, summaries, inputs.absent)
        notes = [_ATTRIBUTES, *choices(cells)]
    cards = [f"{card.name}: {describe(card)}." for card in map(read_card, inputs.optional("cards"))]
    ours = f"Paper: as printed, on {paper['images']}. Ours: study {study}."
    return Built(cells, to_read, [*_SVM, ours, *inputs.notes, *notes, *cards, *paper["footnotes"]])


def build_table4(
    scores: pd.DataFrame, located: pd.DataFrame, absent: dict[str, str]
) -> pd.DataFrame:
    """Return Table 4 as rows of ``SVM_TABLE_COLUMNS``: the paper's, this study's own, then chance.

    ``scores`` are of birds, each of a ``crop``; ``located`` is the table of ``evaluate_birds``;
    ``absent`` gives the reason where both are missing, by the row's or the set's name.
    """
    paper = paper_numbers()["table4"]["rows"]
    chosen = scores[scores["chosen"]]
    ours = {f"{score.row} {CROPS[score.crop]}": score for score in chosen.itertuples()}
    boxes = {box.row: box for box in located.itertuples()}
    lines = []
    for row in dict.fromkeys([*paper, *ours, *boxes]):
        printed = paper.get(row, {})
        missing = absent.get(row) or absent.get(BIRDS) or _NOT_OURS
        missing = _QUOTED if printed.get("quoted") else missing
        score, box = ours.get(row), boxes.get(row)
        detail = (
            _detail(score, scores[(scores["crop"] == score.crop) & (scores["row"] == score.row)])
            if score
            else ""
        )
        if score is None and box is not None:
            missing = "a baseline without a network" if row not in paper else missing
        note = detail or missing
        for metric, result in ((ACCURACY, score), (LOCALIZATION, box)):
            numbers, sources = _numbers(result), _sources(result)
            lines.append((row, metric, printed.get(metric, np.nan), *numbers, note, *sources))
    return pd.DataFrame(lines, columns=list(SVM_TABLE_COLUMNS))


def build_table5(scores: pd.DataFrame, absent: dict[str, str]) -> pd.DataFrame:
    """Return Table 5 as rows of ``SVM_TABLE_COLUMNS``: the paper's features, then others.

    ``absent`` gives the reason where a cell has no score, by the name of the set, the network, or both:
    "SUN397, AlexNet". A cell has two scores, of raw and of normalised
    features; it shows the one that cross-validation chose, and its note has both.
    """
    paper = paper_numbers()["table5"]["rows"]
    sets = [name for name in transfer_sets() if name != BIRDS]
    scores = scores.assign(label=scores["row"].map(lambda name: FEATURES.get(name, name)))
    networks = {label: name for name, label in FEATURES.items()}
    lines = []
    for row in dict.fromkeys([*paper, *scores["label"]]):
        for name in sets:
            cell = scores[(scores["label"] == row) & (scores["set"] == name)]
            chosen = next(cell[cell["chosen"]].itertuples(), None)
            network = networks.get(row, row)
            missing = absent.get(f"{name}, {network}") or absent.get(name)
            missing = missing or reason_of(network, absent) or _NOT_OURS
            note = _detail(chosen, cell) if chosen else missing
            printed = paper.get(row, {}).get(name, np.nan)
            lines.append((row, name, printed, *_numbers(chosen), note, *_sources(chosen)))
    return pd.DataFrame(lines, columns=list(SVM_TABLE_COLUMNS))


def by_set(table: pd.DataFrame, summaries: dict[str, dict], absent: dict[str, str]) -> pd.DataFrame:
    """Return Table 5 transposed, for reading: a row per set, with its remarks, a column per features."""
    remarks = {name: " ".join(summary["notes"]) for name, summary in summaries.items()} | absent
    metric = {name: "" if s.metric == ACCURACY else s.metric for name, s in transfer_sets().items()}
    transposed = table.rename(columns={"row": "metric", "metric": "row"})
    notes = [
        ". ".join(filter(None, (metric[n].capitalize(), remarks.get(n, ""))))
        for n in transposed["row"]
    ]
    return transposed.assign(note=notes).sort_values("row", key=_paper_order, kind="stable")


def choices(table: pd.DataFrame) -> Iterator[str]:
    """Yield a line for each row of Table 5: every cell's scaling and C, and what the other gives."""
    for row, cells in table[table["ours"].notna()].groupby("row", sort=False):
        details = "; ".join(f"{cell.metric}: {cell.note}" for cell in cells.itertuples())
        yield f"{row}. {details}."


def _box_of(located: pd.DataFrame) -> str:
    """Say how the boxes of birds were made, from their table."""
    boxes = located[located["box_method"] == "paper"]
    settings = boxes[["threshold", "interpolation"]].drop_duplicates()
    if settings.empty:
        return "the paper's box method"
    if len(settings) > 1:
        raise InputError(f"boxes of {several_settings(boxes)}; rerun localize and evaluate_birds")
    ((threshold, interpolation),) = settings.itertuples(index=False)
    return (
        f"the largest connected component above {percent(threshold)} of the map's maximum "
        f"({interpolation} upsampling)"
    )


def _paper_order(names: pd.Series) -> pd.Series:
    return names.map({name: place for place, name in enumerate(transfer_sets())})


def _numbers(result: object | None) -> tuple[float, float, float, float, int]:
    if result is None:
        return (*[np.nan] * 4, 0)
    return (result.value, result.low, result.high, getattr(result, "spread", np.nan), result.n)


def _sources(result: object | None) -> tuple[str, str, str]:
    """Return a result's SOURCE_COLUMNS; birds' boxes have a column by image for each row."""
    if result is None:
        return NO_SOURCES
    is_svm = hasattr(result, "normalised")
    column = scaling_name(result.normalised) if is_svm else result.row
    return sources_of(getattr(result, "file", None), column)


def _detail(chosen: object, both: pd.DataFrame) -> str:
    """Say which features and C were chosen, over how many splits, and what the other features give."""
    parts = [f"{scaling_name(chosen.normalised)}, C {chosen.cost}"]
    parts += [
        f"{scaling_name(other.normalised)}: {other.value:.1f}, C {other.cost}"
        for other in both.itertuples()
        if not other.chosen
    ]
    parts += [f"{chosen.splits} splits"] if chosen.splits > 1 else []
    return ", ".join(parts)
