"""The comparison as a page, one HTML file that needs no other, and as lines for a terminal."""

import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

import numpy as np
from tabulate import tabulate

from pipeline_lib.reporting.catalogue import TABLES
from pipeline_lib.reporting.comparison.compare import (
    BETTER,
    CHANGED,
    HIGHER,
    LOWER,
    ONLY_A,
    ONLY_B,
    SAME,
    WITHIN,
    WORSE,
    Compared,
    counts,
    said_of_chance,
)
from pipeline_lib.reporting.comparison.run import Run
from pipeline_lib.reporting.comparison.settings import (
    ClaimChange,
    Setting,
    claims_that_differ,
    settings_that_differ,
)
from pipeline_lib.reporting.tables.columns import higher_is_better
from pipeline_lib.reporting.tables.render import template

MARKS = {BETTER: "✓", WORSE: "✕", HIGHER: "↑", LOWER: "↓", WITHIN: "≈", SAME: "="}
_LARGEST = 10  # differences that the terminal shows


def render_comparison(a: Run, b: Run, cells: Sequence[Compared], out: Path) -> str:
    """Return the page of a comparison, for the file ``out``: its links start there."""
    differing = [cell for cell in cells if cell.state in (*CHANGED, WITHIN)]
    bounds = [abs(each) for cell in differing for each in (cell.low, cell.high)]
    scale = max(bounds, default=1.0)
    return template("comparison.html.j2").render(
        runs=[{"letter": letter, "run": run, "report": _report(run, out)}
              for letter, run in (("a", a), ("b", b))],
        verdict=verdict(cells),
        chance=said_of_chance(cells),
        settings=settings_that_differ(a, b),
        are_known=bool(a.configuration and b.configuration),
        cells=[_shown(cell, scale) for cell in differing],
        scale=scale,
        same=[_shown(cell, scale) for cell in cells if cell.state == SAME],
        only=[_shown(cell, scale) for cell in cells if cell.state in (ONLY_A, ONLY_B)],
        claims=claims_that_differ(a, b),
    )  # fmt: skip


def verdict(cells: Sequence[Compared]) -> str:
    """Return in a sentence how many cells are better, worse, alike, or in one of the runs only."""
    found = counts(cells)
    both = sum(found.values()) - found[ONLY_A] - found[ONLY_B]
    if not both:
        return "No cell of a table is computed in both runs."
    words = [f"{found[state]} {state}" for state in CHANGED if found[state]] or ["none changed"]
    text = f"Of {both} cells in both runs, {', '.join(words)} beyond the 95 % interval"
    text += f"; {found[WITHIN]} show no change beyond it; {found[SAME]} are the same."
    only = [f"{found[state]} {state}" for state in (ONLY_A, ONLY_B) if found[state]]
    return text + (f" {' and '.join(only)}." if only else "")


def terminal_lines(a: Run, b: Run, cells: Sequence[Compared]) -> str:
    """Return the comparison for a terminal: settings, the verdict, the cells that differ most."""
    lines = [f"a: {a.name} ({a.folder})", f"b: {b.name} ({b.folder})"]
    lines += [_said(setting) for setting in settings_that_differ(a, b)]
    lines += ["", verdict(cells), said_of_chance(cells)]
    differing = [cell for cell in cells if cell.state in (*CHANGED, WITHIN)]
    rows = [
        (cell.table, cell.row, cell.metric, f"{cell.a:.2f}", f"{cell.b:.2f}",
         _signed(cell), f"{MARKS[cell.state]} {cell.state}")
        for cell in differing[:_LARGEST]
    ]  # fmt: skip
    if rows:
        head = ("table", "row", "metric", "a", "b", "b - a", "")
        lines += ["", tabulate(rows, head, disable_numparse=True, tablefmt="simple")]
    if len(differing) > _LARGEST:
        lines.append(f"and {len(differing) - _LARGEST} more, on the page")
    lines += [_said_of(claim) for claim in claims_that_differ(a, b) or []]
    return "\n".join(lines)


def _said(setting: Setting) -> str:
    return f"   {setting.key}: {setting.a} -> {setting.b}"


def _said_of(claim: ClaimChange) -> str:
    return f"claim: {claim.says}: {claim.a} -> {claim.b}"


def _signed(cell: Compared) -> str:
    return f"{cell.difference:+.2f} [{cell.low:+.2f}, {cell.high:+.2f}]"


def _report(run: Run, out: Path) -> str:
    """Return the address of a run's own page, "" where it has none."""
    page = run.folder / "report" / "index.html"
    return quote(os.path.relpath(page.resolve(), out.resolve().parent)) if page.exists() else ""


def _shown(cell: Compared, scale: float) -> dict:
    """Return what the template shows of a cell; the bar's positions are in percent of its width."""
    ends = [50 + 50 * value / scale for value in (cell.low, cell.high, cell.difference)]
    is_better = higher_is_better(cell.table, cell.metric)
    direction = {True: "higher is better", False: "lower is better", None: ""}[is_better]
    title = TABLES[cell.table].title if cell.table in TABLES else ""
    return {
        "cell": cell,
        "label": cell.table.replace("table", "Table ").capitalize(),
        "title": title,
        "direction": direction,
        "mark": MARKS.get(cell.state, ""),
        "kind": _KINDS.get(cell.state, "alike"),
        "difference": _signed(cell),
        "bar": None if np.isnan(ends).any() else ends,
        "basis": f"paired, n = {cell.n:,}" if cell.paired else cell.why,
    }


_KINDS = {BETTER: "better", WORSE: "worse", HIGHER: "moved", LOWER: "moved"}
