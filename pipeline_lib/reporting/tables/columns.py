"""The layouts of Tables 1 to 3: columns, the box method of each, and definitions for readers."""

from dataclasses import dataclass, field

from pipeline_lib.evaluation.ilsvrc import GT_KNOWN, TOP_1, TOP_5
from pipeline_lib.evaluation.scores import CENTRED
from pipeline_lib.evaluation.sweep import MAX_BOX_ACC
from pipeline_lib.localization.predictions import METHODS, PIXEL_METHODS
from pipeline_lib.reporting.tables import maps

MEASURED, BASELINE = "measured", "baseline"  # the metrics of the table of measures
WITH_HEURISTICS = " (heuristics)"


def _box_methods(maps: str, *, backprop: str, pixels: str) -> dict[str, str]:
    """Return a box method for each kind of maps; ``pixels`` is that of the other PIXEL_METHODS."""
    of_pixels = dict.fromkeys(PIXEL_METHODS, pixels)
    return dict.fromkeys(METHODS, maps) | of_pixels | {"backprop": backprop}


# The box method whose score a column shows, by the method of the row's maps (design, section 6).
CITED = _box_methods("paper", backprop="graphcut", pixels="paper") | {CENTRED.method: "centred"}
AUTHORS = _box_methods("authors", backprop="authors", pixels="authors")
SUBMITTED = _box_methods("authors", backprop="graphcut", pixels="paper")
SWEPT = _box_methods("paper", backprop="paper", pixels="paper")


@dataclass(frozen=True)
class Column:
    """A column: its label (the paper's, if it has one), its metric, its box method by kind of maps.

    ``crops`` is the number of crops that its scores are of, where the column says it;
    ``is_accuracy``: it is no error.
    """

    label: str
    metric: str
    box_methods: dict[str, str]
    crops: int | None = None
    is_accuracy: bool = False


@dataclass(frozen=True)
class Layout:
    """A table's columns, their definitions, and its rows besides the paper's.

    ``gradients``: the gradient baselines; ``heuristics``: each network twice, once with the authors'
    heuristics; ``baselines``: rows by name. ``reproduced_by`` maps a row of the paper to the
    row of the scores where the names differ.
    """

    columns: tuple[Column, ...]
    definitions: tuple[str, ...]
    scores_boxes: bool = True
    gradients: bool = False
    heuristics: bool = False
    baselines: tuple[str, ...] = ()
    reproduced_by: dict[str, str] = field(default_factory=dict)

    @property
    def box_methods(self) -> set[str]:
        """The box methods of all columns."""
        return {method for column in self.columns for method in column.box_methods.values()}


_LOCALIZATION = (
    "Error in percent: none of the first one or five guesses has the right class and a box that "
    "overlaps a true one by at least 0.5 (IoU, inclusive pixels)."
)

LAYOUTS = {
    "table1": Layout(
        columns=(
            Column("top-1", "classification top-1", CITED, crops=1),
            Column("top-5", "classification top-5", CITED, crops=1),
            Column("top-1 (ten crops)", "classification top-1", AUTHORS, crops=10),
            Column("top-5 (ten crops)", "classification top-5", AUTHORS, crops=10),
        ),
        definitions=(
            "Error in percent: the true class is not among the first one or five. The paper prints one "
            "number, and does not say of which crops.",
            "top-1, top-5: one crop, the whole image warped to the network's input.",
            "Ten crops: the corners and the centre of the image warped to a larger square (256 pixels "
            "for an input of 224), and their mirror images; the mean of their scores, as in the "
            "authors' code. Networks whose maps are by Grad-CAM are run on one crop only.",
        ),
        scores_boxes=False,
    ),
    "table2": Layout(
        columns=(
            Column("top-1", TOP_1, CITED),
            Column("top-5", TOP_5, CITED),
            Column("top-1 (authors' rule)", TOP_1, AUTHORS),
            Column("top-5 (authors' rule)", TOP_5, AUTHORS),
            Column(GT_KNOWN, GT_KNOWN, CITED),
            Column(MAX_BOX_ACC, MAX_BOX_ACC, SWEPT, is_accuracy=True),
        ),
        definitions=(
            _LOCALIZATION,
            "GT-known: error of the box of the true class, by the box method of top-1.",
            "MaxBoxAccV2 (Choe et al. 2020, computed as by its reference evaluator) is an accuracy, "
            "higher is better: the true class's map, the boxes of all its contours, IoU 0.3, 0.5 and "
            "0.7, each at the best threshold for all images; the mean of the three.",
        ),
        gradients=True,
        baselines=(CENTRED.row,),
    ),
    "table3": Layout(
        columns=(Column("top-5", TOP_5, SUBMITTED),),
        definitions=(
            _LOCALIZATION,
            "Heuristics: the five guesses are the loose and the tight box of the first two classes and "
            "the loose box of the third (the authors' code).",
        ),
        heuristics=True,
        reproduced_by={"Backprop": "Backprop on AlexNet"},
    ),
}

_OF_ACCURACIES = ("table4", "table5", "measures")


def higher_is_better(table: str, metric: str) -> bool | None:
    """Return whether a higher number of a table is a better one; None where neither is better.

    Neither is for a baseline among the measures, which only says what chance gets, and for a table or
    metric that is not known.
    """
    if table in _OF_ACCURACIES:
        return None if metric == BASELINE else True
    if table == "table_maps":
        return maps.higher_is_better(metric)
    columns = LAYOUTS[table].columns if table in LAYOUTS else ()
    return next((column.is_accuracy for column in columns if column.label == metric), None)
