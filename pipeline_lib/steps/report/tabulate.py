"""Set this study's scores beside the paper's numbers: one table as CSV, Markdown and HTML."""

import argparse
from pathlib import Path

import pandas as pd

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.common.files import read_json
from pipeline_lib.data.manifest import write_csv
from pipeline_lib.evaluation.scores import CENTRED, read_scores
from pipeline_lib.networks.card import read_card
from pipeline_lib.reporting.tables.describe import describe_rules, describe_thresholds
from pipeline_lib.reporting.tables.localization import build_table, paper_numbers
from pipeline_lib.reporting.tables.localization.columns import PLANS
from pipeline_lib.reporting.tables.render import write_table


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--table", choices=tuple(PLANS), required=True)
    parser.add_argument("--study", required=True, help="named in the title")
    parser.add_argument(
        "--scores", type=Path, nargs="+", required=True, help="of every row and rule"
    )
    parser.add_argument("--cards", type=Path, nargs="+", required=True, help="the networks' .json")
    parser.add_argument(
        "--summary", type=Path, required=True, help="the image set's, for its notes"
    )
    parser.add_argument(
        "--centred", type=float, default=0.8, help="the centred box's part of a side"
    )
    parser.add_argument("--threshold", type=float, required=True, help="the boxes', for the note")
    parser.add_argument("--interpolation", required=True, help="the boxes', for the note")
    parser.add_argument(
        "--out", type=Path, required=True, help="the CSV; .md and .html lie beside it"
    )
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Join, annotate, write three forms of the same table."""
    scores = pd.concat([read_scores(path) for path in arguments.scores], ignore_index=True)
    cards = [read_card(path) for path in arguments.cards]
    centred = f"{arguments.centred:.0%} of each side, in the middle: a baseline without a network"
    table = build_table(arguments.table, scores, cards, {CENTRED[0]: centred})
    paper, plan = paper_numbers()[arguments.table], PLANS[arguments.table]
    summary = read_json(arguments.summary)
    notes = [
        *plan.definitions,
        f"Paper: as printed, on {paper['images']}. "
        f"Ours: study {arguments.study}, {summary['data_set']}, {summary['found']:,} images.",
        *summary["notes"],
    ]
    if plan.scores_boxes:
        notes += summary["box_notes"]
        notes += describe_rules(plan.rules, scores, arguments.threshold, arguments.interpolation)
    if plan.gradients and (best := describe_thresholds(scores)):
        notes.append(best)
    notes += [
        "Intervals: 95 %, percentile bootstrap over the images.",
        *paper["footnotes"],
    ]
    number = arguments.table.removeprefix("table")
    title = f"Table {number}. {paper['title']} ({arguments.study} study)"
    write_table(arguments.out, title, table, notes)
    write_csv(arguments.out, table)
    log.info("%s: %d cells, %d computed", arguments.table, len(table), table["ours"].notna().sum())
