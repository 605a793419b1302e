"""Say what a study takes before anything runs: jobs, hours and disk, by stage and by target."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from tabulate import tabulate

from pipeline_lib.common.command import command, step_parser
from pipeline_lib.common.files import write_json, write_text
from pipeline_lib.scheduling.costs import Cost, cost, read_rates, total
from pipeline_lib.scheduling.graph import closure, whole_graph
from pipeline_lib.scheduling.quantities import Study

HEADER = ("jobs", "GPU-hours", "CPU-hours", "written, GB", "scratch, GB")


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--snakefile", type=Path, required=True, help="the workflow")
    parser.add_argument("--config", type=json.loads, required=True, help="complete, as JSON")
    parser.add_argument(
        "--artefacts", type=json.loads, required=True, help="files by target, as JSON"
    )
    parser.add_argument("--manifests", type=Path, help="folder of manifests, to count images in")
    parser.add_argument(
        "--out", type=Path, required=True, help="Markdown to write; its sums go beside it, JSON"
    )
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Build the graph, price it, print and write it."""
    records = whole_graph(arguments.snakefile, arguments.config)
    study = Study(arguments.config, read_rates(), arguments.manifests)
    text = plan(records, study, arguments.artefacts)
    write_text(arguments.out, text)
    write_json(arguments.out.with_suffix(".json"), asdict(_together(records, study)))
    print(text)


def plan(records: list[dict], study: Study, artefacts: dict[str, list[str]]) -> str:
    """Return the tables, by stage and by target, as Markdown, and where the rates come from.

    ``records`` are of `scheduling.graph.whole_graph`, ``artefacts`` the files of each target by name.
    """
    known = study.known
    made = [record for record in records if record["outputs"]]
    rules = {record["rule"] for record in made}
    by_stage = [
        (
            rule,
            *cells(_together([record for record in made if record["rule"] == rule], study)),
            rate["source"],
        )
        for rule, rate in known["rules"].items()  # in the workflow's order
        if rule in rules
    ]
    by_target = [
        (name, *cells(_together(needed, study)))
        for name, files in artefacts.items()
        if (needed := closure(records, files))
    ]
    every = ("everything", *cells(_together(made, study)))
    speed = known["speed"][study.device]
    lines = [
        f"# What study {study.config['study']} takes",
        f"From the beginning, as if nothing were done yet; networks on {speed['what']}.",
        _table([*by_stage, every], ("stage", *HEADER, "rates")),
        "By itself, with all it depends on:",
        _table([*by_target, every], ("target", *HEADER)),
        "A job holds its cores, and its GPU, as long as it runs. Scratch is what is on the disk only "
        "while jobs run, if all of them run at once. Data sets are not counted, nor is waiting.",
        "\n".join(
            [
                "Rates (`pipeline_lib/scheduling/rates.yaml`):\n",
                f"- speed of networks: {speed['rate']:,} GFLOP/s each; {speed['source']}",
                *(
                    f"- {key}: {known['sources'][key]}"
                    for key in dict.fromkeys(row[-1] for row in by_stage)
                ),
                *(f"- {note}" for note in sorted(study.assumed)),
            ]
        ),
    ]
    return "\n\n".join(lines) + "\n"


def cells(one: Cost) -> tuple[str, ...]:
    """Return a cost as the tables show it."""
    hours = (one.gpu / 3600, one.cpu / 3600)
    return f"{one.jobs:,}", *map(_short, (*hours, one.written / 1e9, one.scratch / 1e9))


def _together(records: list[dict], study: Study) -> Cost:
    return total(cost(record, study) for record in records)


def _short(value: float) -> str:
    if value < 0.01:
        return "< 0.01" if value else "0"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _table(rows: list[tuple[str, ...]], header: tuple[str, ...]) -> str:
    align = ["left", *["right"] * len(HEADER), "left"][: len(header)]
    return tabulate(rows, header, tablefmt="github", disable_numparse=True, colalign=align)
