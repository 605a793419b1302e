"""Printed forms of a table, Markdown and HTML: wide, the paper's numbers beside ours."""

import html
import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import jinja2
import pandas as pd

from pipeline_lib.common.files import write_text

TEMPLATES = Path(__file__).parents[1] / "templates"
_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.FileSystemLoader(TEMPLATES),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=jinja2.StrictUndefined,
)


class Cell(NamedTuple):
    """A number and its interval, "" if it has none, as text; ``column`` is "paper" or "ours".

    The number may include its spread: "88.30 ± 0.41".
    """

    column: str
    number: str
    interval: str = ""


def template(name: str) -> jinja2.Template:
    """Return a template of this package; all values are escaped unless marked safe."""
    return _ENVIRONMENT.get_template(name)


def wide(table: pd.DataFrame, printed: str = "paper") -> tuple[dict[str, list[str]], list[dict]]:
    """Return the columns of each metric, in order, and a record per row: name, cells, n, note.

    The columns are ``printed`` (unless the paper, or who else, never has the metric) and "ours"; a cell
    without a number is an empty string.
    """
    metrics = {
        metric: [printed] * bool(rows["paper"].notna().any()) + ["ours"]
        for metric, rows in table.groupby("metric", sort=False)
    }
    records = []
    for name, rows in table.groupby("row", sort=False):
        by_metric = rows.set_index("metric")
        cells = []
        for metric, columns in metrics.items():
            row = by_metric.loc[metric]
            interval = "" if math.isnan(row["low"]) else f"{row['low']:.1f}–{row['high']:.1f}"
            if printed in columns:
                cells.append(Cell("paper", _number(row["paper"])))
            spread = row.get("spread", math.nan)
            plus = "" if math.isnan(spread) else f" ± {spread:.2f}"
            cells.append(Cell("ours", _number(row["ours"]) + plus, interval))
        counts = sorted({int(n) for n in rows["n"] if n > 0}, reverse=True)
        notes = list(dict.fromkeys(note for note in rows["note"] if note))
        records.append(
            {
                "name": name,
                "cells": cells,
                "n": " / ".join(f"{count:,}" for count in counts),
                "note": "; ".join(notes),
                "computed": bool(counts),
            }
        )
    return metrics, records


def write_table(
    out: Path, title: str, table: pd.DataFrame, notes: Sequence[str], printed: str = "paper"
) -> None:
    """Write the printed forms of a table, .md and .html, beside its CSV ``out``."""
    write_text(out.with_suffix(".md"), to_markdown(title, table, notes, printed))
    write_text(out.with_suffix(".html"), to_html(title, table, notes, printed))


def to_markdown(
    title: str, table: pd.DataFrame, notes: Sequence[str], printed: str = "paper"
) -> str:
    """Return the table as a Markdown document, intervals in brackets.

    ``printed`` is the heading of the numbers that are not ours.
    """
    metrics, records = wide(table, printed)
    head = [f"{metric} {column}" for metric, columns in metrics.items() for column in columns]
    body = [
        [
            _cell(record["name"]),
            *(
                f"{cell.number} [{cell.interval}]" if cell.interval else cell.number
                for cell in record["cells"]
            ),
            record["n"],
            _cell(record["note"]),
        ]
        for record in records
    ]
    frame = pd.DataFrame(body, columns=range(len(head) + 3))
    lines = frame.to_markdown(
        index=False,
        headers=["row", *head, "n", "note"],
        colalign=["left", *["right"] * len(head), "right", "left"],
        disable_numparse=True,
    )
    return f"# {title}\n\n{lines}\n\n" + "".join(f"- {note}\n" for note in notes)


def to_html(title: str, table: pd.DataFrame, notes: Sequence[str], printed: str = "paper") -> str:
    """Return the table as an HTML fragment: intervals below the numbers, notes below the names."""
    metrics, records = wide(table, printed)
    return template("fragment.html.j2").render(
        title=title, metrics=metrics, records=records, notes=notes
    )


def _cell(text: str) -> str:
    """Escape characters that end a cell in Markdown or start HTML."""
    return html.escape(text, quote=False).replace("|", "\\|")


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.2f}"
