"""Report on one page whether a study can begin: data, disk, GPU, folders and versions."""

import argparse
from pathlib import Path

from pipeline_lib.common.command import command, step_parser
from pipeline_lib.common.files import read_json, write_text
from pipeline_lib.data.downloads import downloads, state
from pipeline_lib.scheduling.findings import (
    Finding,
    disk_finding,
    folder_findings,
    gpu_finding,
    page,
    version_finding,
)
from pipeline_lib.scheduling.versions import versions


def make_parser() -> argparse.ArgumentParser:
    """Return the step's parser."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--study", required=True, help="its name, for the title")
    parser.add_argument("--data-root", type=Path, help="folder of the data sets, if any is needed")
    parser.add_argument("--sets", nargs="*", default=[], help="keys of the data sets needed")
    parser.add_argument("--results", type=Path, required=True, help="folder of the results")
    parser.add_argument("--plan", type=Path, help="totals of the study's plan, JSON, if there")
    parser.add_argument("--gpu", action="store_true", help="the study needs a GPU")
    parser.add_argument("--probe", type=Path, required=True, help="output of the step probe")
    parser.add_argument("--out", type=Path, required=True, help="the page to write, Markdown")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Collect the findings, write and print the page."""
    probe = read_json(arguments.probe)
    findings = [
        *(_data_finding(key, arguments.data_root) for key in arguments.sets),
        *folder_findings(probe),
        disk_finding(arguments.results, _gigabytes(arguments.plan)),
        gpu_finding(probe, arguments.gpu),
        version_finding(versions(), probe["versions"]),
    ]
    text = page(arguments.study, probe, findings)
    write_text(arguments.out, text)
    print(text)


def _gigabytes(plan: Path | None) -> float | None:
    """Return the GB that the study writes, scratch included; None without a plan."""
    if plan is None or not plan.exists():
        return None
    totals = read_json(plan)
    return (totals["written"] + totals["scratch"]) / 1e9


def _data_finding(key: str, root: Path) -> Finding:
    data_set = downloads()[key]
    current = state(data_set, root)
    missing = ", ".join(current.missing[:3])
    return Finding(
        data_set.name,
        current.present and not current.missing,
        f"{current}: {missing}" if missing else str(current),
        data_set.login or f"snakemake fetch_{key}",
    )
