"""Estimate what a study takes before anything runs: jobs, hours and disk, by stage and by target."""

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict
from itertools import chain
from pathlib import Path

from tabulate import tabulate

from pipeline_lib.common.command import command, step_parser
from pipeline_lib.common.files import write_json, write_text
from pipeline_lib.reporting.catalogue import files_by_target, left_out
from pipeline_lib.scheduling.costs import Cost, cost, kind, rate, read_rates, total
from pipeline_lib.scheduling.graph import closure, whole_graph
from pipeline_lib.scheduling.measured import read_factors
from pipeline_lib.scheduling.workload import Workload
from pipeline_lib.study.configuration.load import checked
from pipeline_lib.study.configuration.root import Configuration
from pipeline_lib.study.study import build_study

FORMATS = ("float32", "tf32", "bfloat16", "float16")
HEADER = ("jobs", "GPU-hours", "CPU-hours", "written, GB", "scratch, GB")


def make_parser() -> argparse.ArgumentParser:
    """Return the step's parser."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--snakefile", type=Path, required=True, help="the workflow")
    parser.add_argument(
        "--config", type=json.loads, required=True, help="the complete configuration, JSON"
    )
    parser.add_argument("--manifests", type=Path, help="folder of manifests to count images in")
    parser.add_argument("--gpu-type", default="", help="the site's name of its GPUs, as a100")
    parser.add_argument("--measured", type=Path, help="what jobs took in earlier runs, if there")
    parser.add_argument(
        "--out", type=Path, required=True, help="Markdown to write; its totals go beside it, JSON"
    )
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Build the graph, compute its cost, print and write the plan."""
    configuration = checked(Configuration, arguments.config, lambda key: f"config.{key}")
    study = build_study(configuration)
    records = whole_graph(arguments.snakefile, arguments.config)
    factors = read_factors(arguments.measured) if arguments.measured else {}
    workload = Workload(study, read_rates(), arguments.manifests, arguments.gpu_type, factors)
    text = plan(records, workload, files_by_target(study), left_out(study))
    write_text(arguments.out, text)
    write_json(arguments.out.with_suffix(".json"), asdict(_sums(records, workload)[0]))
    print(text)


def plan(
    records: list[dict],
    workload: Workload,
    targets: Mapping[str, list[str]],
    left_out: Mapping[str, str],
) -> str:
    """Return the costs by stage and by target as Markdown, with the sources of the rates.

    ``records`` are of `scheduling.graph.whole_graph`; ``targets`` holds the files of each target,
    ``left_out`` why the study cannot make a table or figure.
    """
    rates = workload.rates
    jobs = [record for record in records if record["outputs"]]
    stages = {rule: [job for job in jobs if job["rule"] == rule] for rule in rates["rules"]}
    sources = {
        rule: list(dict.fromkeys(rate(job, workload)["source"] for job in jobs_of_rule))
        for rule, jobs_of_rule in stages.items()
    }
    by_stage = [
        (rule, *cells(*_sums(jobs_of_rule, workload)), ", ".join(sources[rule]))
        for rule, jobs_of_rule in stages.items()
        if jobs_of_rule
    ]
    by_target = [
        (name, *cells(*_sums(needed, workload)))
        for name, files in targets.items()
        if (needed := closure(records, files))
    ]
    everything = ("everything", *cells(*_sums(jobs, workload)))
    speed = workload.speed
    formats = [f"{speed[name]:,} in {name}" for name in FORMATS if name in speed]
    least = (
        f"; a range is from {speed['least']:.0%} of this to all of it" if "least" in speed else ""
    )
    measured = sorted({kind(job, workload) for job in jobs} & workload.measured.keys())
    notes = [
        f"speed of networks: {', '.join(formats)} GFLOP/s each{least}; {speed['source']}",
        *([f"as measured in earlier runs: {', '.join(measured)}"] if measured else []),
        *(
            f"{source}: {rates['sources'][source]}"
            for source in dict.fromkeys(chain.from_iterable(sources.values()))
        ),
        *sorted(workload.assumptions),
    ]
    paragraphs = [
        f"# What study {workload.study.name} takes",
        f"From the beginning, as if nothing were done yet; networks run on {speed['what']}.",
        _table([*by_stage, everything], ("stage", *HEADER, "rates")),
        "Each target alone, with everything it depends on:",
        _table([*by_target, everything], ("target", *HEADER)),
        "A job holds its cores, and its GPU, as long as it runs. Scratch exists only while jobs run; "
        "the number is for all jobs at once. Data sets and waiting are not included.",
        "Rates (`pipeline_lib/scheduling/rates.yaml`):\n\n"
        + "\n".join(f"- {note}" for note in notes),
    ]
    if left_out:
        lines = [f"- {title}: {reason}" for title, reason in left_out.items()]
        head = "Not planned, because the data are not there (`discovery={sets: all}` plans all):"
        paragraphs.append("\n".join([head, "", *lines]))
    return "\n\n".join(paragraphs) + "\n"


def cells(worst: Cost, best: Cost) -> tuple[str, ...]:
    """Return the cells of a cost in the tables: where both differ, the range of them."""
    ends = [
        [_short(amount) for amount in (each.gpu / 3600, each.cpu / 3600, each.written / 1e9)]
        + [_short(each.scratch / 1e9)]
        for each in (best, worst)
    ]
    spans = ("-".join(dict.fromkeys(pair)) for pair in zip(*ends, strict=True))
    return f"{worst.jobs:,}", *spans


def _sums(records: list[dict], workload: Workload) -> tuple[Cost, Cost]:
    """Return the cost of jobs at the worst and at the best speed."""
    worst, best = (
        total(cost(record, workload, at_best) for record in records) for at_best in (False, True)
    )
    return worst, best


def _short(value: float) -> str:
    if value < 0.01:
        return "< 0.01" if value else "0"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _table(rows: list[tuple[str, ...]], header: tuple[str, ...]) -> str:
    align = ["left", *["right"] * len(HEADER), "left"][: len(header)]
    return tabulate(rows, header, tablefmt="github", disable_numparse=True, colalign=align)
