"""Tables on the page: the paper's number, ours, their difference, and what stands behind each cell."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from pipeline_lib.common.files import read_json
from pipeline_lib.reporting.artefact import Table
from pipeline_lib.reporting.catalogue import TABLES
from pipeline_lib.reporting.page.anchors import anchor
from pipeline_lib.reporting.tables.columns import higher_is_better

WITHIN, CLOSE, FAR = "within the interval", "close", "far"
SIGNS = {WITHIN: "=", CLOSE: "≈", FAR: "≠"}  # so that nothing is told by colour alone
CLOSE_POINTS = 2.0  # percentage points


class Compared(NamedTuple):
    """A number of ours minus the paper's, and how near it is."""

    difference: float
    state: str


@dataclass(frozen=True)
class PageCell:
    """A number of a table; ``name`` is its link. All numbers are NaN where there is none."""

    name: str
    row: str
    metric: str
    paper: float
    ours: float
    low: float
    high: float
    spread: float
    scores: str
    by_image: str
    column: str

    @property
    def compared(self) -> Compared | None:
        """The difference from the paper, None where one of the two has no number."""
        if math.isnan(self.paper) or math.isnan(self.ours):
            return None
        difference = self.ours - self.paper
        if self.low <= self.paper <= self.high:
            return Compared(difference, WITHIN)
        return Compared(difference, CLOSE if abs(difference) <= CLOSE_POINTS else FAR)


@dataclass(frozen=True)
class PageRow:
    """A row: its cells by metric, the numbers of images, and the notes that belong to it."""

    name: str
    cells: Mapping[str, PageCell]
    n: str
    note: str

    @property
    def computed(self) -> bool:
        """Whether the study has a number of the row."""
        return any(not math.isnan(cell.ours) for cell in self.cells.values())


@dataclass(frozen=True)
class PageTable:
    """A table of the page.

    ``rows`` are those that the study computed, ``others`` the paper's alone; ``printed`` tells whether
    the paper has numbers of a metric.
    """

    artefact: Table
    metrics: list[str]
    rows: list[PageRow]
    others: list[PageRow]
    notes: list[str]
    printed: dict[str, bool]

    @property
    def heading(self) -> str:
        """Its number and title."""
        number = self.artefact.name.removeprefix("table")
        return f"Table {number}. {self.artefact.title}" if number.isdigit() else self.artefact.title

    @property
    def accuracies(self) -> set[str]:
        """The metrics that are accuracies where the table has errors."""
        better = {name: higher_is_better(self.artefact.name, name) for name in self.metrics}
        return (
            {name for name, is_so in better.items() if is_so} if False in better.values() else set()
        )

    def cells(self) -> Iterator[PageCell]:
        """Yield all cells."""
        for row in [*self.rows, *self.others]:
            yield from row.cells.values()


def read_page_table(path: Path) -> PageTable:
    """Read a table's .json. Raises InputError for one that is missing or damaged."""
    content = read_json(path)
    artefact = TABLES[path.stem]
    metrics = list(dict.fromkeys(cell["metric"] for cell in content["cells"]))
    by_row: dict[str, list[dict]] = {}
    for cell in content["cells"]:
        by_row.setdefault(cell["row"], []).append(cell)
    rows = [_row(artefact.name, name, cells) for name, cells in by_row.items()]
    return PageTable(
        artefact,
        metrics,
        [row for row in rows if row.computed],
        [row for row in rows if not row.computed],
        content["notes"],
        {name: any(cell["paper"] is not None for cell in content["cells"] if cell["metric"] == name)
         for name in metrics},
    )  # fmt: skip


def _row(table: str, name: str, cells: list[dict]) -> PageRow:
    counts = sorted({int(cell["n"]) for cell in cells if cell["n"]}, reverse=True)
    return PageRow(
        name,
        {cell["metric"]: _cell(table, cell) for cell in cells},
        " / ".join(f"{count:,}" for count in counts),
        "; ".join(dict.fromkeys(cell["note"] for cell in cells if cell["note"])),
    )


def _cell(table: str, cell: dict) -> PageCell:
    keys = ("paper", "ours", "low", "high", "spread")
    numbers = {key: math.nan if cell.get(key) is None else float(cell[key]) for key in keys}
    texts = {key: cell.get(key) or "" for key in ("scores", "by_image", "column")}
    name = anchor(table, cell["row"], cell["metric"])
    return PageCell(name, cell["row"], cell["metric"], **numbers, **texts)
