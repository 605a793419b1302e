"""Set this study's scores beside the paper's numbers: one table as CSV, Markdown and HTML."""

import argparse
import sys
from pathlib import Path

import pandas as pd

from pipeline_lib.common.command import command, log, parser
from pipeline_lib.common.files import read_json, write_text
from pipeline_lib.data.manifest import read_csv, write_csv
from pipeline_lib.evaluation.scores import COLUMNS as SCORE_COLUMNS
from pipeline_lib.networks.card import read_card
from pipeline_lib.reporting.render import to_html, to_markdown
from pipeline_lib.reporting.tables import CENTRED, PLANS, build_table, paper_numbers


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    made = parser(__doc__, "tabulate")
    made.add_argument("--table", choices=tuple(PLANS), required=True)
    made.add_argument("--study", required=True, help="named in the title")
    made.add_argument("--scores", type=Path, nargs="+", required=True, help="of every row")
    made.add_argument("--cards", type=Path, nargs="+", required=True, help="the networks' .json")
    made.add_argument("--summary", type=Path, required=True, help="the image set's, for its notes")
    made.add_argument("--centred", type=float, default=0.8, help="the centred box's part of a side")
    made.add_argument("--threshold", type=float, required=True, help="the boxes', for the note")
    made.add_argument("--interpolation", required=True, help="the boxes', for the note")
    made.add_argument(
        "--out", type=Path, required=True, help="the CSV; .md and .html lie beside it"
    )
    return made


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Join, annotate, write three forms of the same table."""
    scores = pd.concat([read_csv(path, SCORE_COLUMNS) for path in arguments.scores])
    cards = [read_card(path) for path in arguments.cards]
    centred = f"{arguments.centred:.0%} of each side, in the middle: a baseline without a network"
    table = build_table(arguments.table, scores, cards, {CENTRED: centred})
    paper, plan = paper_numbers()[arguments.table], PLANS[arguments.table]
    summary = read_json(arguments.summary)
    notes = [
        *plan.definitions,
        "Paper: as printed, on the 50,000 images of ILSVRC val. "
        f"Ours: study {arguments.study}, {summary['data_set']}, {summary['found']:,} images.",
        *summary["notes"],
        *([*summary["box_notes"], _box_rule(arguments)] if plan.scores_boxes else []),
        "95 %: percentile bootstrap over the images.",
        *paper["footnotes"],
    ]
    number = arguments.table.removeprefix("table")
    title = f"Table {number}. {paper['title']} ({arguments.study} study)"
    write_text(arguments.out.with_suffix(".md"), to_markdown(title, table, notes))
    write_text(arguments.out.with_suffix(".html"), to_html(title, table, notes))
    write_csv(arguments.out, table)
    log.info("%s: %d cells, %d computed", arguments.table, len(table), table["ours"].notna().sum())


def _box_rule(arguments: argparse.Namespace) -> str:
    return (
        f"Boxes: rule paper, the class map upsampled to the image ({arguments.interpolation}), the "
        f"largest connected part above {arguments.threshold:.0%} of its maximum."
    )


if __name__ == "__main__":
    sys.exit(main())
