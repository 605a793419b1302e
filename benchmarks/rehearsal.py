"""Time and peak memory by rule of a finished run, as a Markdown table: `rehearsal.py results/rehearsal`.

From Snakemake's own measurements of each job (its ``benchmarks`` folder). Peak memory is that of the
job's processes together, what they share counted once (PSS); very short jobs have none.
"""

import argparse
from pathlib import Path

import pandas as pd

from pipeline_lib.scheduling.graph_file import GRAPH_FILE, read_graph


def measured(results: Path) -> pd.DataFrame:
    """Return a row for each job: its rule, wall time and CPU time in s, peak memory in MiB."""
    run = read_graph(results / GRAPH_FILE)
    rows = []
    for job in run["jobs"]:
        path = Path(run["folder"]) / (job["benchmark"] or "none")
        if path.is_file():
            last = pd.read_csv(path, sep="\t").iloc[-1]
            rows.append((job["rule"], last["s"], last["cpu_time"], last["max_pss"]))
    return pd.DataFrame(rows, columns=["rule", "wall", "cpu", "memory"]).astype({"memory": float})


def by_rule(jobs: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each rule, those that took longest first, and their sum."""
    rules = jobs.groupby("rule").agg(
        jobs=("wall", "size"),
        total=("wall", "sum"),
        cpu=("cpu", "sum"),
        longest=("wall", "max"),
        memory=("memory", "max"),
    )
    rules = rules.sort_values("total", ascending=False)
    rules.loc["all"] = [*rules[["jobs", "total", "cpu"]].sum(), *rules[["longest", "memory"]].max()]
    return rules.round().astype(int).reset_index()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path)
    table = by_rule(measured(parser.parse_args().results))
    head = ["rule", "jobs", "wall s, sum", "CPU s, sum", "wall s, longest", "peak memory, MiB"]
    print(table.to_markdown(index=False, headers=head))
