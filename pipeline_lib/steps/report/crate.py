"""Write a study's run as an RO-Crate: a folder with the workflow, inputs, results and what made them."""

import argparse
import json
import shutil
from pathlib import Path

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.reporting.crate import CODE, CrateFiles, write_crate
from pipeline_lib.scheduling.versions import code_version, versions


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--study", required=True, help="its name")
    parser.add_argument(
        "--config", type=json.loads, required=True, help="the complete configuration, JSON"
    )
    parser.add_argument("--workflow", type=Path, required=True, help="the folder of its Snakefile")
    parser.add_argument("--results", type=Path, required=True, help="where the files below lie")
    parser.add_argument(
        "--inputs", type=Path, nargs="+", required=True, help="summaries of the image sets"
    )
    parser.add_argument(
        "--outputs", type=Path, nargs="+", required=True, help="tables, figures, page, cards"
    )
    parser.add_argument("--out", type=Path, required=True, help="the folder to write anew")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Write the crate."""
    shutil.rmtree(arguments.out, ignore_errors=True)
    files = CrateFiles(arguments.results, arguments.workflow, arguments.inputs, arguments.outputs)
    known = versions() | {CODE: code_version(arguments.workflow)}
    write_crate(arguments.study, arguments.config, files, known, arguments.out)
    log.info(
        "wrote %s: %d files", arguments.out, sum(p.is_file() for p in arguments.out.rglob("*"))
    )
