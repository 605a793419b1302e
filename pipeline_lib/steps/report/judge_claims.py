"""Judge the paper's claims by a study's tables."""

import argparse
from pathlib import Path

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.data.manifest import write_csv
from pipeline_lib.reporting.claims.claim import PAPERS_MAIN, STATES, read_claims
from pipeline_lib.reporting.claims.judge import Tables, as_rows, judge
from pipeline_lib.reporting.flags import name_and_reason


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument(
        "--tables", type=Path, nargs="*", default=[], help="their .csv, named like the tables"
    )
    parser.add_argument(
        "--left-out",
        type=name_and_reason,
        metavar="TABLE=WHY",
        action="append",
        default=[],
        help="why a table is not there; repeatable",
    )
    parser.add_argument("--main", default=PAPERS_MAIN, help="the main network, as tables call it")
    parser.add_argument("--out", type=Path, required=True, help="the CSV to write")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Judge each claim; log how many have each state."""
    tables = Tables({path.stem: path for path in arguments.tables}, dict(arguments.left_out))
    judged = [judge(claim, tables) for claim in read_claims(arguments.main)]
    write_csv(arguments.out, as_rows(judged))
    states = [each.state for each in judged]
    counts = ", ".join(f"{states.count(state)} {state}" for state in STATES)
    log.info("%d claims: %s", len(judged), counts)
