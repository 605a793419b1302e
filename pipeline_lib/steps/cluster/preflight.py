"""Say on one page whether a study can begin: data, disk, the GPU that a probe job saw, versions."""

import argparse
from pathlib import Path

from pipeline_lib.common.command import command, step_parser
from pipeline_lib.common.files import read_json, write_text
from pipeline_lib.data.catalogue import catalogue, state
from pipeline_lib.scheduling.advice import Finding, disk, gpus, page, same_versions, seen_folders
from pipeline_lib.scheduling.versions import versions


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--study", required=True)
    parser.add_argument(
        "--data-root", type=Path, help="the folder of the data sets, if any is needed"
    )
    parser.add_argument("--sets", nargs="*", default=[], help="keys of the sets that are needed")
    parser.add_argument("--results", type=Path, required=True, help="where results go")
    parser.add_argument(
        "--plan", type=Path, help="the sums of the study's plan, JSON, if there are any"
    )
    parser.add_argument("--gpu", action="store_true", help="the study wants a GPU")
    parser.add_argument("--probe", type=Path, required=True, help="what a job saw (probe)")
    parser.add_argument("--out", type=Path, required=True, help="the page to write, Markdown")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Collect, write and print the page."""
    probe = read_json(arguments.probe)
    findings = [
        *(_data(key, arguments.data_root) for key in arguments.sets),
        *seen_folders(probe),
        disk(arguments.results, _needed(arguments.plan)),
        gpus(probe, arguments.gpu),
        same_versions(versions(), probe["versions"]),
    ]
    text = page(arguments.study, probe, findings)
    write_text(arguments.out, text)
    print(text)


def _needed(plan: Path | None) -> float | None:
    """GB that the study writes, scratch and all; None where no plan has been made."""
    if plan is None or not plan.exists():
        return None
    sums = read_json(plan)
    return (sums["written"] + sums["scratch"]) / 1e9


def _data(key: str, root: Path) -> Finding:
    one = catalogue()[key]
    now = state(one, root)
    where = one.login or f"snakemake fetch_{key}"
    missing = ", ".join(now.missing[:3])
    return Finding(
        one.name,
        not now.missing and now.present,
        f"{now}" + (f": {missing}" if missing else ""),
        where,
    )
