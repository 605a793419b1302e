"""The end of a run on one screen: the main numbers beside the paper's, what is missing, the page."""

import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from pipeline_lib.common.columns import cut
from pipeline_lib.data.manifest import read_csv
from pipeline_lib.reporting.artefact import Table
from pipeline_lib.reporting.catalogue import FIGURES, TABLES, available, left_out
from pipeline_lib.reporting.cells import read_table
from pipeline_lib.reporting.tables.measures import BASELINE, MEASURED
from pipeline_lib.study.hint import snakemake_command
from pipeline_lib.study.study import Study

LINES, WIDTH = 24, 100  # of the whole summary
CELLS = {
    "table1": 2,
    "table2": 2,
    "table3": 2,
    "table4": 3,
    "table5": 3,
    "measures": 5,
}  # the paper's
CLAIM_STATES = ("holds", "does not hold", "undecided", "not computed")


def summary(study: Study, folder: Path) -> str:
    """Return the summary of a study whose paths start at ``folder``, at most LINES x WIDTH.

    Raises InputError for a spoiled table.
    """
    made = {
        kind: [each for each in available(study, kinds) if _is_made(each.files(study), folder)]
        for kind, kinds in {"tables": TABLES, "figures": FIGURES}.items()
    }
    counts = ", ".join(f"{len(each)} {kind}" for kind, each in made.items())
    lines = [f"{study.name}: {counts}. {study.configuration.warning or ''}".rstrip()]
    cells = [line for table in made["tables"] for line in cell_lines(table, study, folder)]
    if cells:
        lines += [_line("in percent", "", "here", "95 % interval", "paper"), *cells]
    lines += claims_line(folder / study.paths.results / "claims.csv")
    files = (each for kind in made.values() for each in kind)
    done = {each.name for each in files}
    if missing := [each.name for each in available(study) if each.name not in done]:
        lines.append(
            f"missing: {', '.join(missing)}; `{snakemake_command(study, 'all')}` makes them"
        )
    if reasons := left_out(study):
        lines.append("left out: " + "; ".join(f"{name}: {why}" for name, why in reasons.items()))
    page = folder / study.paths.report
    if not page.exists():
        lines.append(f"no page yet: `{snakemake_command(study, 'report')}` makes it")
        return _fitted(lines)
    return _fitted([*lines, f"The page: {page.resolve().as_uri()}"], whole=1)


def cell_lines(table: Table, study: Study, folder: Path) -> list[str]:
    """Return a line for each of a table's main cells: the study's number and the paper's."""
    cells = read_table(folder / study.paths.table(table.name))
    if table.name == "measures":
        return list(_measure_lines(cells))
    label = study.networks[study.main].label
    head, _, text = table.summary.partition(": ")
    what = re.split(",| on | with ", text)[0]
    return [
        _line(head, f"{what}: {cell.row}, {cell.metric}", *_numbers(cell), _number(cell.paper))
        for cell in main_cells(cells, label, CELLS.get(table.name, 0)).itertuples()
    ]


def main_cells(cells: pd.DataFrame, label: str, count: int) -> pd.DataFrame:
    """Return up to ``count`` computed cells, the first of each row: those of a network come first.

    Cells that the paper has too come before others.
    """
    computed = cells[cells["ours"].notna()]
    firsts = computed.assign(
        other=~computed["row"].str.contains(rf"(?:^|\s){re.escape(label)}(?:\s|$)"),
        new=computed["paper"].isna(),
    )
    firsts = firsts.sort_values(["new", "other"], kind="stable").drop_duplicates("row")
    return firsts.head(count)


def claims_line(path: Path) -> list[str]:
    """Return the line that counts the paper's claims by what became of them; none without the file."""
    if not path.exists():
        return []
    rows = read_csv(path, ("claim", "state"))  # one for each of a claim's conditions
    states = rows.drop_duplicates("claim")["state"].value_counts()
    names = [*CLAIM_STATES, *(name for name in states.index if name not in CLAIM_STATES)]
    counted = ", ".join(f"{states[name]} {name}" for name in names if name in states)
    return [f"Claims of the paper: {counted}"]


def _measure_lines(cells: pd.DataFrame) -> Iterator[str]:
    """Yield a line for the first measure of each figure, its baseline in the paper's place."""
    by_cell = cells.set_index(["row", "metric"])
    shown = set()
    for row in dict.fromkeys(cells["row"]):
        figure, _, what = row.partition(": ")
        if figure in shown or len(shown) >= CELLS["measures"]:
            continue
        shown.add(figure)
        cell, baseline = by_cell.loc[(row, MEASURED)], by_cell.loc[(row, BASELINE)]
        last = _number(cell["paper"]) if pd.notna(cell["paper"]) else ""
        yield _line(figure, f"{what} (baseline {baseline['ours']:.1f})", *_numbers(cell), last)


def _numbers(cell: object) -> tuple[str, str]:
    ours, low, high = cell.ours, cell.low, cell.high
    return _number(ours), "" if pd.isna(low) else f"{low:.1f} to {high:.1f}"


def _number(value: float) -> str:
    return "" if pd.isna(value) else f"{value:.1f}"


def _line(head: str, what: str, ours: str, interval: str, paper: str) -> str:
    return f"{head:<11}{cut(what, 56):<57}{ours:>6}  {interval:<15}{paper:>8}".rstrip()


def _is_made(files: list[str], folder: Path) -> bool:
    return all((folder / file).exists() for file in files)


def _fitted(lines: list[str], whole: int = 0) -> str:
    """Return the lines as text, each cut to WIDTH but the last ``whole``, an address."""
    end = len(lines) - whole
    shown = [cut(line, WIDTH) for line in lines[:end]][: LINES - whole]
    return "\n".join([*shown, *lines[end:]])
