"""How long jobs took, beside what ``rates.yaml`` expects: written after a run, used by the next plan.

``measured.json`` in a study's folder of results holds, by kind of job, the number of ``jobs``, the
``seconds`` they took by Snakemake's benchmark files, and the seconds ``planned`` for them.
"""

import csv
import re
from collections import defaultdict
from pathlib import Path

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import read_json, write_json
from pipeline_lib.scheduling.costs import kind, read_rates, seconds
from pipeline_lib.scheduling.graph_file import GRAPH_FILE, read_graph
from pipeline_lib.scheduling.workload import Workload
from pipeline_lib.study.study import Study

MEASURED_FILE = "measured.json"


def write_measured(study: Study, gpu_type: str) -> None:
    """Write what the jobs of the study's last run, and of earlier ones, have taken."""
    results = Path(study.paths.results)
    try:
        run = read_graph(results / GRAPH_FILE)
    except InputError:  # nothing of the study was made
        return
    workload = Workload(study, read_rates(), results / "data", gpu_type)
    if measured := measure(run["jobs"], Path(run["folder"]), workload):
        write_json(results / MEASURED_FILE, measured)


def read_factors(file: Path) -> dict[str, float]:
    """Return how many times as long as planned each kind of job took; nothing without the file."""
    measured = read_json(file) if file.exists() else {}
    return {name: each["seconds"] / each["planned"] for name, each in measured.items()}


def measure(records: list[dict], folder: Path, workload: Workload) -> dict[str, dict]:
    """Return the content of the file from the records of jobs; relative paths start at ``folder``.

    Jobs that were resumed are left out: their benchmark is of the last attempt alone.
    """
    sums: dict[str, dict] = defaultdict(lambda: {"jobs": 0, "seconds": 0.0, "planned": 0.0})
    for record in records:
        took = _seconds(folder / record["benchmark"]) if record["benchmark"] else None
        if took is None or _was_resumed([folder / log for log in record["log"]]):
            continue
        try:
            planned = seconds(record, workload)
        except (InputError, KeyError):  # of an earlier configuration
            continue
        each = sums[kind(record, workload)]
        each["jobs"] += 1
        each["seconds"] += took
        each["planned"] += planned
    return {name: each for name, each in sums.items() if each["planned"]}


def _seconds(benchmark: Path) -> float | None:
    try:
        with open(benchmark, encoding="utf-8") as file:
            rows = list(csv.DictReader(file, delimiter="\t"))
        return float(rows[-1]["s"])
    except (OSError, IndexError, KeyError, ValueError):  # none yet, or cut off
        return None


def _was_resumed(logs: list[Path]) -> bool:
    text = "".join(
        log.read_text(encoding="utf-8", errors="replace") for log in logs if log.exists()
    )
    parts = re.findall(r" (\d+) images to do of (\d+) ", text)
    return "resumed after step" in text or any(left != images for left, images in parts)
