"""Where a study's numbers come from: code, configuration, versions, data, networks, and every job.

It is read from what a run leaves in the folder of results: graph.json, benchmarks, logs, cards and
summaries. What is not there is left out.
"""

import csv
import os
import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import fingerprint, read_json
from pipeline_lib.networks.card import NetworkCard, read_card
from pipeline_lib.scheduling.graph_file import GRAPH_FILE, read_graph
from pipeline_lib.scheduling.versions import code_version, versions

REPOSITORY = Path(__file__).parents[3]


@dataclass(frozen=True)
class Job:
    """A job of a run: paths relative to the folder of results, time in s and memory in MiB, or None."""

    rule: str
    name: str
    inputs: list[str]
    outputs: list[str]
    log: str
    command: str
    seconds: float | None
    memory: float | None


@dataclass(frozen=True)
class Step:
    """All jobs of a rule, and the rules whose files they read."""

    rule: str
    jobs: list[Job] = field(default_factory=list)
    needs: set[str] = field(default_factory=set)

    @property
    def seconds(self) -> float:
        """Time of all jobs that were measured."""
        return sum(job.seconds or 0 for job in self.jobs)

    @property
    def memory(self) -> float:
        """The most memory that a job took, in MiB."""
        return max((job.memory or 0 for job in self.jobs), default=0)


@dataclass(frozen=True)
class Provenance:
    """See the module; ``changed`` are the keys that differ from the study's own file."""

    commit: str
    versions: dict[str, str]
    machine: str
    configuration: dict[str, object]
    changed: dict[str, object]
    data_sets: list[dict]
    networks: list[NetworkCard]
    steps: list[Step]

    @property
    def seconds(self) -> float:
        """Time of all jobs that were measured."""
        return sum(step.seconds for step in self.steps)

    def jobs_by_output(self) -> dict[str, Job]:
        """Return the job that made each file."""
        return {path: job for step in self.steps for job in step.jobs for path in job.outputs}


def read_provenance(
    results: Path, configuration: Mapping, own: Mapping | None = None
) -> Provenance:
    """Return what ``results`` says; ``own`` is what the study's file says without the user's keys."""
    flat = dict(_flat(configuration))
    before = dict(_flat(own or {}))
    changed = {key: value for key, value in flat.items() if own and before.get(key) != value}
    return Provenance(
        code_version(REPOSITORY),
        {name: number for name, number in versions().items() if number},
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors, "
        f"Python {platform.python_version()}",
        flat,
        changed,
        [_summary(path) for path in sorted(results.glob("data/*/summary.json"))],
        [read_card(path) for path in sorted(results.glob("networks/*.json"))],
        _steps(results),
    )


def _summary(path: Path) -> dict:
    manifest = path.with_name("images.csv")
    made = fingerprint(manifest) if manifest.exists() else ""  # as predictions of the set record it
    return read_json(path) | {"name": path.parent.name, "fingerprint": made}


def _flat(values: Mapping, prefix: str = "") -> Iterator[tuple[str, object]]:
    """Yield dotted keys and values."""
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _steps(results: Path) -> list[Step]:
    """Return the steps of the runs so far, in the order in which they need one another."""
    try:
        run = read_graph(results / GRAPH_FILE)
    except InputError:
        return []
    steps: dict[str, Step] = {}
    made_by: dict[str, str] = {}
    folder = Path(run["folder"])
    for record in run["jobs"]:
        step = steps.setdefault(record["rule"], Step(record["rule"]))
        step.jobs.append(_job(record, folder, results))
        made_by |= dict.fromkeys(record["outputs"], record["rule"])
    for record in run["jobs"]:
        needs = {made_by[path] for path in record["inputs"] if path in made_by}
        steps[record["rule"]].needs.update(needs - {record["rule"]})
    return _in_order(steps)


def _in_order(steps: Mapping[str, Step]) -> list[Step]:
    """Return the steps after those that they need.

    Rules can need one another in a circle, jobs cannot: birds are predicted with an SVM, and their
    crops are features of another one. Then the first one met comes last.
    """
    ordered: dict[str, Step] = {}
    met: set[str] = set()

    def add(name: str) -> None:
        if name not in met:
            met.add(name)
            for need in sorted(steps[name].needs):
                add(need)
            ordered[name] = steps[name]

    for name in steps:
        add(name)
    return list(ordered.values())


def _job(record: Mapping, folder: Path, results: Path) -> Job:
    def near(path: str) -> str:
        return os.path.relpath(folder / path, results.resolve())

    log = record["log"][0] if record["log"] else ""
    seconds, memory = (
        _measured(folder / record["benchmark"]) if record["benchmark"] else (None,) * 2
    )
    values = [value for value in record["wildcards"].values() if value]
    return Job(
        record["rule"],
        " ".join([record["rule"], *values]),
        [near(path) for path in record["inputs"]],
        [near(path) for path in record["outputs"]],
        near(log) if log else "",
        _first_line(folder / log) if log else "",
        seconds,
        memory,
    )


def _first_line(log: Path) -> str:
    """Return the command, which a step writes first into its log, "" if there is none."""
    try:
        with open(log, encoding="utf-8", errors="replace") as file:
            line = file.readline().rstrip("\n")
    except OSError:
        return ""
    return line if line.startswith("python -m pipeline_lib ") else ""


def _measured(benchmark: Path) -> tuple[float | None, float | None]:
    """Return a job's time in s and its memory in MiB, None for what is not known."""
    try:
        with open(benchmark, encoding="utf-8") as file:
            row = list(csv.DictReader(file, delimiter="\t"))[-1]
    except (OSError, IndexError):
        return None, None
    return _number(row.get("s")), _number(row.get("max_rss"))


def _number(text: str | None) -> float | None:
    try:
        return float(text)
    except (TypeError, ValueError):  # "-" and "NA" where it was too short to be seen
        return None
