"""The verdict: what was reproduced, how close, at what cost, in a few sentences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline_lib.reporting.page.claims import PageClaim, counts
from pipeline_lib.reporting.page.figures import PageFigure
from pipeline_lib.reporting.page.provenance import Provenance
from pipeline_lib.reporting.page.tables import CLOSE, FAR, WITHIN, PageCell, PageTable

COMPARABLE = "paper"  # the study whose numbers are to be the paper's
NOT_COMPARABLE = "not comparable in value"


@dataclass(frozen=True)
class TableState:
    """How many cells a table has, how near they are, and the one that is farthest from the paper."""

    table: PageTable
    computed: int
    printed: int
    states: dict[str, int]
    farthest: PageCell | None


@dataclass(frozen=True)
class Verdict:
    """``claims`` counts them by state; ``left_out`` are reasons by title; ``cost`` is in words."""

    is_comparable: bool
    claims: dict[str, int]
    tables: list[TableState]
    figures: int
    left_out: Mapping[str, str]
    images: int
    networks: list[str]
    cost: str


def make_verdict(
    study: str,
    claims: Sequence[PageClaim],
    tables: Sequence[PageTable],
    figures: Sequence[PageFigure],
    left_out: Mapping[str, str],
    provenance: Provenance,
    warning: str,
) -> Verdict:
    """Return the verdict. A study with a ``warning`` is not compared in value either."""
    images = [each.get("found", 0) for each in provenance.data_sets]
    return Verdict(
        study == COMPARABLE and not warning,
        counts(list(claims)),
        [_state(table) for table in tables],
        len(figures),
        left_out,
        sum(images),
        [card.name for card in provenance.networks],
        _cost(provenance),
    )


def _state(table: PageTable) -> TableState:
    cells = list(table.cells())
    compared = [cell for cell in cells if cell.compared is not None]
    states = [cell.compared.state for cell in compared]
    return TableState(
        table,
        sum(cell.ours == cell.ours for cell in cells),
        sum(cell.paper == cell.paper for cell in cells),
        {state: states.count(state) for state in (WITHIN, CLOSE, FAR)},
        max(compared, key=lambda cell: abs(cell.compared.difference), default=None),
    )


def _cost(provenance: Provenance) -> str:
    """Say how long the jobs took, and of those that ask for a GPU the hours."""
    jobs = [job for step in provenance.steps for job in step.jobs]
    if not jobs:
        return "not recorded"
    gpu = bool(provenance.configuration.get("gpu"))
    text = f"{len(jobs):,} jobs, {duration(provenance.seconds)} of run time"
    if gpu:
        on_gpu = sum(step.seconds for step in provenance.steps if step.rule in GPU_RULES)
        return f"{text}, of it {on_gpu / 3600:.1f} GPU-hours"
    return f"{text}, no GPU asked for"


GPU_RULES = (
    *("train", "predict", "predict_methods", "features", "fit", "fit_scenes", "answer"),
    *("find_units", "randomize", "measure_faithfulness", "few_shot", "rank_by_clip", "map_by_clip"),
)


def duration(seconds: float) -> str:
    """Return a time in words: 45 s, 12 min, 3.4 h."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
