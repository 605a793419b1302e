"""Set this study's linear SVMs beside the paper's, Tables 4 and 5: CSV, Markdown and HTML."""

import argparse
from pathlib import Path

import pandas as pd

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.common.files import read_json
from pipeline_lib.data.manifest import read_csv, write_csv
from pipeline_lib.evaluation.transfer import COLUMNS, LOCATED_COLUMNS, read_transfer_scores
from pipeline_lib.networks.card import read_card
from pipeline_lib.reporting.tables.describe import describe
from pipeline_lib.reporting.tables.localization import paper_numbers
from pipeline_lib.reporting.tables.render import write_table
from pipeline_lib.reporting.tables.transfer import build_table4, build_table5, by_set, choices

_SVM = (
    "Accuracy in percent of a linear SVM on the test images (average precision for SUN Attribute, the "
    "mean over attributes); several splits: their mean ± standard deviation.",
    "L2-regularised squared hinge, one against the rest; C, and whether features are scaled to unit "
    "length, are chosen by cross-validation on the training images.",
    "Intervals: 95 %, percentile bootstrap over the test images (over attributes for SUN Attribute).",
)
_BIRDS = (
    "Each row has features and an SVM of its own; crops are cut in training and in test images alike. A "
    "CAM crop is the box of the class that the full image's SVM predicts, from a map made with its "
    "weights: the largest part above 20 % of the map's maximum.",
    "Localization: percent of test images whose box overlaps the true one by at least 0.5 (IoU), "
    "whatever the predicted class.",
)


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--table", choices=("table4", "table5"), required=True)
    parser.add_argument("--study", required=True, help="named in the title")
    parser.add_argument("--scores", type=Path, nargs="*", default=[], help="written by fit")
    parser.add_argument("--located", type=Path, help="table4: written by overlap")
    parser.add_argument("--cards", type=Path, nargs="*", default=[], help="the networks' .json")
    parser.add_argument("--summaries", type=Path, nargs="*", default=[], help="the sets'")
    parser.add_argument(
        "--absent", metavar="SET=WHY", action="append", default=[], help="a set without a score"
    )
    parser.add_argument("--note", action="append", default=[], help="a sentence; repeatable")
    parser.add_argument(
        "--out", type=Path, required=True, help="the CSV; .md and .html lie beside it"
    )
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Join, annotate, write three forms of the same table."""
    frames = [read_transfer_scores(path) for path in arguments.scores]
    scores = pd.concat([pd.DataFrame(columns=list(COLUMNS)), *frames], ignore_index=True)
    scores = scores.astype({"chosen": bool, "normalised": bool})
    absent = dict(text.split("=", 1) for text in arguments.absent)
    summaries = {summary["data_set"]: summary for summary in map(read_json, arguments.summaries)}
    if arguments.table == "table4":
        located = pd.DataFrame(columns=list(LOCATED_COLUMNS))
        if arguments.located is not None:
            located = read_csv(arguments.located, LOCATED_COLUMNS)
        shown = table = build_table4(scores, located, absent)
        notes = [*_BIRDS, *(note for summary in summaries.values() for note in summary["notes"])]
    else:
        table = build_table5(scores, absent)
        shown = by_set(table, summaries, absent)
        notes = list(choices(table))
    paper = paper_numbers()[arguments.table]
    cards = [f"{card.name}: {describe(card)}." for card in map(read_card, arguments.cards)]
    ours = f"Paper: as printed, on {paper['images']}. Ours: study {arguments.study}."
    notes = [*_SVM, ours, *arguments.note, *notes, *cards, *paper["footnotes"]]
    number = arguments.table.removeprefix("table")
    title = f"Table {number}. {paper['title']} ({arguments.study} study)"
    write_table(arguments.out, title, shown, notes)
    write_csv(arguments.out, table)
    log.info("%s: %d cells, %d computed", arguments.table, len(table), table["ours"].notna().sum())
