"""Set what Figures 9 to 13 show, as it was measured, in one table: CSV, Markdown and HTML."""

import argparse
from itertools import chain
from pathlib import Path

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.common.files import read_json
from pipeline_lib.data.classes import names_in
from pipeline_lib.data.manifest import read_csv, write_csv
from pipeline_lib.discovery.concepts import read_concepts
from pipeline_lib.discovery.objects import read_objects
from pipeline_lib.discovery.text import MEASURE_COLUMNS
from pipeline_lib.reporting.tables.localization import COLUMNS
from pipeline_lib.reporting.tables.measures import (
    as_table,
    of_answers,
    of_concepts,
    of_scenes,
    of_text,
    of_units,
)
from pipeline_lib.reporting.tables.render import write_table
from pipeline_lib.units.purity import read_measures

_NOTES = (
    "In percent. The paper shows pictures, and one number: VQA's.",
    "Baseline: what chance gets, or for answers the same model without the image.",
    "Intervals: 95 %, percentile bootstrap over images (concepts and classes where it is their mean).",
    "Where all came out alike, a bootstrap interval has no width, and says little.",
    "More of it, by concept, thing, question and unit, is in the folder discovery.",
)


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--study", required=True, help="named in the title")
    parser.add_argument("--scenes", type=Path, help="written by measure_scenes")
    parser.add_argument("--svm", type=Path, help="with --scenes: written by fit_scenes")
    parser.add_argument("--classes", type=Path, nargs="*", default=[], help="names of the scenes")
    parser.add_argument("--often", type=float, default=0.1, help="as draw_scenes has it")
    parser.add_argument("--concepts", type=Path, help="written by mine_concepts")
    parser.add_argument("--text", type=Path, help="written by measure_text")
    parser.add_argument("--vqa", type=Path, help="written by answer")
    parser.add_argument("--units", type=Path, help="written by measure_units")
    parser.add_argument("--places", type=Path, help="the same, of Places205")
    parser.add_argument(
        "--out", type=Path, required=True, help="the CSV; .md and .html lie beside it"
    )
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Collect what there is, write three forms of the same table."""
    found = []
    if arguments.scenes:
        names, svm = names_in(arguments.classes), read_json(arguments.svm)
        found.append(of_scenes(read_objects(arguments.scenes), svm, names, arguments.often))
    if arguments.concepts:
        found.append(of_concepts(read_concepts(arguments.concepts)))
    if arguments.text:
        found.append(of_text(read_csv(arguments.text, MEASURE_COLUMNS)))
    if arguments.vqa:
        found.append(of_answers(read_csv(arguments.vqa, COLUMNS)))
    if arguments.units:
        found.append(of_units(read_measures(arguments.units)))
    if arguments.places:
        found.append(of_units(read_measures(arguments.places), ", Places205"))
    table = as_table(chain.from_iterable(found))
    write_table(
        arguments.out, f"Figures 9 to 13, measured ({arguments.study} study)", table, _NOTES
    )
    write_csv(arguments.out, table)
    log.info("%d measures", len(table) // 2)
