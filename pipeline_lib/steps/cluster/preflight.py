"""Report on one page whether a study can begin: data, disk, GPU, folders and versions."""

import argparse
from pathlib import Path

from pipeline_lib.common.command import command, step_parser
from pipeline_lib.common.files import read_json, write_text
from pipeline_lib.scheduling.findings import (
    data_findings,
    disk_finding,
    folder_findings,
    gpu_finding,
    import_findings,
    page,
    version_finding,
    weights_findings,
)
from pipeline_lib.scheduling.versions import versions


def make_parser() -> argparse.ArgumentParser:
    """Return the step's parser."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--study", required=True, help="its name, for the title")
    parser.add_argument("--data-root", type=Path, help="folder of the data sets, if any is needed")
    parser.add_argument("--sets", nargs="*", default=[], help="keys of the data sets read")
    lines = {"action": "append", "default": []}
    parser.add_argument("--missing", **lines, help="what a run would not begin without; repeatable")
    pairs = lines | {"metavar": "NAME=TEXT"}
    parser.add_argument("--left-out", **pairs, help="a table or figure, why not; repeatable")
    parser.add_argument(
        "--weights", **pairs, help="a library's network, its file if there is one; repeatable"
    )
    parser.add_argument("--results", type=Path, required=True, help="folder of the results")
    parser.add_argument("--plan", type=Path, help="totals of the study's plan, JSON, if there")
    parser.add_argument(
        "--plan-command", default="snakemake plan --cores 1", help="what plans the study"
    )
    parser.add_argument("--gpus", type=int, default=0, help="the most GPUs that a job asks for")
    parser.add_argument(
        "--probes",
        type=Path,
        nargs="+",
        required=True,
        help="outputs of the step probe, with GPU last",
    )
    parser.add_argument("--out", type=Path, required=True, help="the page to write, Markdown")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Collect the findings, write and print the page."""
    probes = [read_json(path) for path in arguments.probes]
    weights = dict(pair.split("=", 1) for pair in arguments.weights)
    findings = [
        *data_findings(arguments.data_root, arguments.sets, arguments.missing, arguments.left_out),
        *weights_findings(weights),
        disk_finding(arguments.results, _gigabytes(arguments.plan), arguments.plan_command),
        gpu_finding(probes[-1], arguments.gpus),
    ]
    of_jobs = [
        *(finding for probe in probes for finding in folder_findings(probe)),
        *(finding for probe in probes for finding in import_findings(probe)),
        *(version_finding(versions(), probe["versions"]) for probe in probes),
    ]
    text = page(arguments.study, probes, [*findings, *dict.fromkeys(of_jobs)])
    write_text(arguments.out, text)
    print(text)


def _gigabytes(plan: Path | None) -> float | None:
    """Return the GB that the study writes, scratch included; None without a plan."""
    if plan is None or not plan.exists():
        return None
    totals = read_json(plan)
    return (totals["written"] + totals["scratch"]) / 1e9
