"""Say what a study will cost before anything of it is run: jobs, hours and disk, by stage and target."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from tabulate import tabulate

from pipeline_lib.common.command import command, parser
from pipeline_lib.common.files import write_json, write_text
from pipeline_lib.scheduling.cost import Cost, closure, cost_of, rates
from pipeline_lib.scheduling.graph import whole_graph

HEADER = ("", "jobs", "GPU-hours", "CPU-hours", "written, GB", "scratch, GB")


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    made = parser(__doc__, "plan")
    made.add_argument("--snakefile", type=Path, required=True, help="the workflow")
    made.add_argument("--config", type=json.loads, required=True, help="complete, as JSON")
    made.add_argument("--images", type=json.loads, required=True, help="number by set, as JSON")
    made.add_argument(
        "--artefacts", type=json.loads, required=True, help="files by target, as JSON"
    )
    made.add_argument(
        "--out", type=Path, required=True, help="Markdown to write; its sums go beside it, JSON"
    )
    return made


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Build the graph, price it, print and write it."""
    records = whole_graph(arguments.snakefile, arguments.config)
    text = plan(records, arguments.config, arguments.images, arguments.artefacts)
    write_text(arguments.out, text)
    costs = (cost_of(record, arguments.config, arguments.images) for record in records)
    write_json(arguments.out.with_suffix(".json"), asdict(sum(costs, Cost())))
    print(text)


def plan(
    records: list[dict], config: dict, images: dict[str, int], artefacts: dict[str, list[str]]
) -> str:
    """Return the tables, by stage and by target, as Markdown."""
    known = rates()
    costs = [cost_of(record, config, images, known) for record in records]
    stages = {step["stage"]: Cost() for step in known["steps"].values()}
    for record, cost in zip(records, costs, strict=True):
        if cost.jobs:
            stage = known["steps"][record["rule"]]["stage"]
            stages[stage] += cost
    total = sum(stages.values(), Cost())
    targets = {}
    maker = {output: n for n, record in enumerate(records) for output in record["outputs"]}
    place = {id(record): n for n, record in enumerate(records)}
    for name, made in artefacts.items():
        wanted = [maker[file] for file in made if file in maker]
        if wanted:
            needed = closure(records, wanted)
            targets[name] = sum((costs[place[id(record)]] for record in needed), Cost())
    estimated = sorted(
        {
            r["rule"]
            for r in records
            if known["steps"].get(r["rule"], {}).get("source") == "estimate"
        }
    )
    return "\n".join(
        [
            f"# What study {config['study']} will cost",
            "",
            table({**stages, "**in all**": total}),
            "",
            "Each target alone, with everything it needs:",
            "",
            table(targets),
            "",
            "- CPU-hours are of one core; a job with a GPU holds all its cores while it lasts.",
            "- Scratch can be deleted afterwards; all of it at once, an upper bound.",
            "- Nothing that is there already is taken off.",
            f"- Rates and where they come from: pipeline_lib/scheduling/rates.yaml. Its GPU speed is an "
            f"estimate, and so are the rates of {', '.join(estimated)}.",
            "",
        ]
    )


def table(costs: dict[str, Cost]) -> str:
    """Return a Markdown table, a row for each cost."""
    rows = [
        (name, one.jobs, *(f"{value:,.1f}" for value in (one.gpu, one.cpu)),
         *(f"{value / 1e9:,.2f}" for value in (one.written, one.scratch)))
        for name, one in costs.items()
    ]  # fmt: skip
    return tabulate(rows, HEADER, tablefmt="github", colalign=("left", *["right"] * 5))


if __name__ == "__main__":
    sys.exit(main())
