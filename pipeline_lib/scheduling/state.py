"""What a run has done, is doing and failed at, from files alone, on one machine or on a cluster.

Snakemake keeps books below .snakemake: a mark in ``incomplete`` while a job runs or waits in the
cluster's queue, an entry in ``metadata`` once it has ended, well or not. Marks, entries and logs
count if they are not older than the run. In this order a job is

- *running* where it has a mark; *failed* if its Snakemake is dead, which then could not remove it;
- where it has an entry, or a log without a mark: *done* with all its outputs there, else *failed*:
  Snakemake deletes what a failed job leaves, and sees by itself that a job was killed;
- *done* if this run need not do it and its outputs are there; in the case of a job that only an
  earlier run asked for, also not older than its inputs;
- *to come* otherwise.

Whether Snakemake lives is known on its own host, by its process; elsewhere it passes for alive while
it holds its lock. Of a job that is alive only its last sign of life is known, and how long ago that
was: a node that was lost shows first as a silence, as a failure once the scheduler has told Snakemake.
A job that will be tried again counts as failed until then. Two runs of one study at a time, of targets
that share no file, are not told apart: the later one is shown. Snakemake's flags --drop-metadata and
--keep-incomplete, and books kept in a database, are not reckoned with.
"""

import base64
import binascii
import os
import socket
from dataclasses import dataclass
from pathlib import Path

import psutil

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import read_json
from pipeline_lib.scheduling.graph_file import NAME

STATES = ("done", "running", "failed", "to come")
DONE, RUNNING, FAILED, TO_COME = STATES
CLOCK = 10.0  # seconds by which a process's beginning may shift when the clock is set


@dataclass(frozen=True)
class Job:
    """A job, its ``state``, and when it began or was submitted (epoch s) if it has a mark."""

    record: dict
    state: str
    since: float | None = None

    @property
    def name(self) -> str:
        """The rule and its wildcards, in short."""
        return f"{self.record['rule']} {'/'.join(self.record['wildcards'].values())}".strip()


class Run:
    """A study's last run, as its files tell at the moment of reading.

    Raises InputError where there is no run, or where it is not to be seen from here.
    """

    def __init__(self, results: Path) -> None:
        path = results / NAME
        if not path.exists():
            raise InputError(f"{path}: not found; it is written when snakemake begins a study")
        self.started = path.stat().st_mtime
        self._run = read_json(path)
        self.folder, self.books = Path(self._run["folder"]), Path(self._run["books"])
        if not self.folder.is_dir():
            raise InputError(f"{self.folder}: not found; {path} was written in this folder")
        # In this order, what begins or ends meanwhile is not mistaken for a failure: a mark comes
        # before the log and goes after the entry, all of them while Snakemake lives.
        self.alive = self._is_alive()
        records = self._run["jobs"]
        logged = [self._fresh(*(self.folder / log for log in job["log"])) for job in records]
        self._marks = self._noted("incomplete")
        self._entries = self._noted("metadata")
        self.jobs = [self._job(*each) for each in zip(records, logged, strict=True)]

    def _is_alive(self) -> bool:
        if self._run["host"] != socket.gethostname():
            return any((self.books / "locks").glob("*.lock"))
        try:
            process = psutil.Process(self._run["pid"])
            same = abs(process.create_time() - self._run["began"]) < CLOCK
            return same and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    @property
    def where(self) -> str:
        """Snakemake's host and process."""
        return f"process {self._run['pid']} on {self._run['host']}"

    @property
    def left(self) -> list[Job]:
        """The jobs that this run was to do and has not done."""
        return [job for job in self.jobs if job.record["due"] and job.state != DONE]

    def of(self, state: str) -> list[Job]:
        """Return the jobs in a state."""
        return [job for job in self.jobs if job.state == state]

    def artefacts(self) -> dict[str, list[Job]]:
        """Return the jobs that each table and figure needs; none where no run has asked for it."""
        maker = {output: job for job in self.jobs for output in job.record["outputs"]}
        return {
            name: _closure([maker[file] for file in files if file in maker], maker)
            for name, files in self._run["artefacts"].items()
        }

    def log(self, job: Job) -> Path | None:
        """Return the job's log, None if it has not begun one in this run.

        An empty one is Snakemake's, where a job has ended before it began.
        """
        logs = [self.folder / name for name in job.record["log"]]
        return next((path for path in logs if self._fresh(path) and path.stat().st_size), None)

    def slurm_log(self, job: Job) -> Path | None:
        """Return what SLURM itself wrote about the job in this run: why it was killed, for instance."""
        wildcards = "_".join(job.record["wildcards"].values()).replace("/", "_")
        folder = self.books / "slurm_logs" / f"rule_{job.record['rule']}" / wildcards
        logs = [path for path in folder.glob("*.log") if self._fresh(path)]
        return max(logs, key=lambda path: time_of(path) or 0, default=None)

    def queued_as(self, job: Job) -> str | None:
        """Return SLURM's number of a running job that is still in its queue.

        A job that begins on its node writes its mark anew, without the number.
        """
        paths = [self._marks[name][1] for name in job.record["outputs"] if name in self._marks]
        try:
            return read_json(paths[0])["external_jobid"]
        except InputError:  # it has just ended
            return None

    def _job(self, record: dict, logged: bool) -> Job:
        marks = [self._marks[output][0] for output in record["outputs"] if output in self._marks]
        if marks:
            return Job(record, RUNNING if self.alive else FAILED, min(marks))
        times = [time_of(self.folder / output) for output in record["outputs"]]
        if logged or any(output in self._entries for output in record["outputs"]):
            return Job(record, DONE if all(times) else FAILED)
        if record["due"] or not all(times):
            return Job(record, TO_COME)
        if not record["former"]:
            return Job(record, DONE)
        inputs = [time_of(self.folder / path) or 0 for path in record["inputs"]]
        return Job(record, TO_COME if max(inputs, default=0) > min(times) else DONE)

    def _fresh(self, *paths: Path) -> bool:
        """Tell whether one of the files was written in this run."""
        return any((time_of(path) or 0) >= self.started for path in paths)

    def _noted(self, book: str) -> dict[str, tuple[float, Path]]:
        """Return the outputs that a book has a note of from this run, with its time and its file."""
        noted = {}
        top = self.books / book
        for folder, _, names in os.walk(top):
            for path in (Path(folder, name) for name in names):
                time = time_of(path) or 0
                if time >= self.started:
                    # Names too long for a file are cut: all parts but the last are folders, "@...".
                    text = "".join(part.removeprefix("@") for part in path.relative_to(top).parts)
                    try:
                        noted[base64.urlsafe_b64decode(text).decode()] = time, path
                    except (binascii.Error, UnicodeDecodeError):  # not a note
                        continue
        return noted


def time_of(path: Path) -> float | None:
    """Return when a file was last written (epoch s), None where there is none."""
    try:
        return path.stat().st_mtime
    except (FileNotFoundError, NotADirectoryError):
        return None


def _closure(jobs: list[Job], maker: dict[str, Job]) -> list[Job]:
    """Return the jobs and all that they need."""
    found = {}
    while jobs:
        job = jobs.pop()
        if id(job) not in found:
            found[id(job)] = job
            jobs.extend(maker[path] for path in job.record["inputs"] if path in maker)
    return list(found.values())


def failures(results: Path) -> list[str]:
    """Return a line for each failed job of a study's last run: which, and where its log is."""
    try:
        run = Run(results)
    except InputError:  # nothing of the study was asked for
        return []
    return [f"failed: {job.name}, see {run.log(job) or 'no log'}" for job in run.of(FAILED)]
