"""A study that was run to the end, copies of it, and the jobs of its graph."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pipeline_lib.scheduling.graph_file import GRAPH_FILE, read_graph
from pipeline_lib.scheduling.measured import MEASURED_FILE

# What a run leaves beside its results: it differs from run to run.
BESIDE = ("logs", "benchmarks", "history", "scratch", GRAPH_FILE, MEASURED_FILE)
# Where the page says what each job took.
TAKEN = re.compile(
    rb'<section id="provenance".*?</section>|[0-9,]+ jobs, [^<>]{,99} of run time', re.DOTALL
)
FINAL = ("tables", "figures", "report")  # what people read, and no job


@dataclass(frozen=True)
class Job:
    """A job of the graph; ``after`` has the numbers of the jobs that depend on it, near and far."""

    number: int
    rule: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    log: str
    benchmark: str
    seconds: float
    after: frozenset[int]

    def artefacts(self, folder: Path) -> list[str]:
        """Return the files of other jobs that it reads, without what people read."""
        return [
            path
            for path in self.inputs
            if (folder / path).is_file() and not set(FINAL) & set(Path(path).parts)
        ]

    def processes(self, folder: Path) -> list[int]:
        """Return the processes that run it in a copy."""
        found = []
        for entry in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = entry.read_bytes().split(b"\0")
                if self.log.encode() in words and Path(entry.parent, "cwd").samefile(folder):
                    found.append(int(entry.parent.name))
            except OSError:  # it has ended
                continue
        return found


@dataclass
class Run:
    """A copy of the study in ``folder``; ``flags`` are the configuration that each run is given."""

    folder: Path
    results: Path
    flags: tuple[str, ...]
    output: str = ""
    damaged: str = ""

    @contextmanager
    def started(self, **environment: str) -> Iterator[subprocess.Popen]:
        """Start Snakemake for all results; wait for its end with the block's."""
        path = self.folder / "output.txt"
        with open(path, "w") as file:
            process = subprocess.Popen(
                self._command("all"), cwd=self.folder, env=_environment() | environment,
                stdout=file, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
            try:
                yield process
                process.wait(600)
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, 9)
        self.output = path.read_text()

    def snakemake(self, *arguments: str) -> None:
        """Run Snakemake; raises AssertionError if it fails."""
        done = subprocess.run(
            self._command(*arguments), cwd=self.folder, env=_environment(),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self.output = done.stdout
        assert done.returncode == 0, done.stdout

    def words(self, job: Job) -> str:
        """Return what the last run and the job's log say."""
        log = self.folder / job.log
        return self.output + (log.read_text() if log.exists() else "")

    def finished(self, jobs: list[Job]) -> dict[int, int]:
        """Return when each job last finished, by its number: its measurements are written then."""
        paths = {job.number: self.folder / job.benchmark for job in jobs}
        return {number: path.stat().st_mtime_ns for number, path in paths.items() if path.exists()}

    def contents(self) -> dict[str, bytes]:
        """Return all results by path, without hidden files and what differs from run to run."""
        return {
            str(path.relative_to(self.folder)): _lasting(path)
            for path in sorted(self.results.rglob("*"))
            if path.relative_to(self.results).parts[0] not in BESIDE
            and path.is_file()
            and not path.name.startswith(".")
        }

    def _command(self, *arguments: str) -> list[str]:
        return [
            *(sys.executable, "-m", "snakemake", "--cores", "2", *arguments),
            *("--max-jobs-per-timespan", "1000/10s", "--config", *self.flags),
        ]


def _lasting(path: Path) -> bytes:
    if (
        path.suffix == ".pdf"
    ):  # Matplotlib places its texts differently from run to run, by 1e-10 points
        return b""
    return TAKEN.sub(b"", path.read_bytes()) if path.suffix == ".html" else path.read_bytes()


def copied(reference: Run, folder: Path) -> Run:
    """Return a copy of a finished run; the times of its files are kept."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", reference.folder, folder], check=True)
    return Run(folder, folder / reference.results.relative_to(reference.folder), reference.flags)


def jobs_of(run: Run) -> list[Job]:
    """Return the jobs of a finished run that write something, in the order of their outputs."""
    records = read_graph(run.results / GRAPH_FILE)["jobs"]
    records = [record for record in records if record["benchmark"] and not record["earlier"]]
    records.sort(key=lambda record: record["outputs"])
    maker = {path: number for number, job in enumerate(records) for path in job["outputs"]}
    users: dict[int, set[int]] = {number: set() for number in range(len(records))}
    for number, record in enumerate(records):
        for path in record["inputs"]:
            if path in maker:
                users[maker[path]].add(number)
    return [
        Job(
            number,
            record["rule"],
            tuple(record["inputs"]),
            tuple(record["outputs"]),
            record["log"][0],
            record["benchmark"],
            float(pd.read_csv(run.folder / record["benchmark"], sep="\t")["s"].iloc[-1]),
            frozenset(_closure(number, users)),
        )
        for number, record in enumerate(records)
    ]


def _closure(start: int, users: dict[int, set[int]]) -> set[int]:
    found, queue = set(), [start]
    while queue:
        new = users[queue.pop()] - found
        found |= new
        queue.extend(new)
    return found


def _environment() -> dict[str, str]:
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
