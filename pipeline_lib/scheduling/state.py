"""What a run has done, is doing and failed at, read from files alone, on one machine or a cluster.

Snakemake's folder .snakemake holds a marker in ``incomplete`` for each output of a job that runs or
waits in the cluster's queue, and an entry in ``metadata`` once the job has ended, well or not. Markers,
entries and logs older than the run do not count. The first of these that applies is a job's state:

- *running* if it has a marker; *failed* if its Snakemake is dead, which then could not remove it;
- if it has an entry, or a log but no marker: *done* if all its outputs exist, else *failed*: Snakemake
  deletes the outputs of a failed job, and notices by itself that a job was killed;
- *done* if this run does not have to do it and its outputs exist; if only an earlier run asked for it,
  no input may have changed since: Snakemake records the checksums of inputs;
- *to do* otherwise.

On its own host, Snakemake is alive if its process is; elsewhere, if it holds its lock. Of a running job
only its last sign of life is known. A lost node shows first as a long silence, and as a failure once
the scheduler has reported it to Snakemake. A job that will be retried counts as failed until then. Of
two simultaneous runs of a study, whose targets share no file, the later one is shown. Snakemake's flags
--drop-metadata and --keep-incomplete and metadata in a database are not supported.
"""

import base64
import binascii
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import read_json, sha256
from pipeline_lib.scheduling.graph_file import GRAPH_FILE, read_graph
from pipeline_lib.scheduling.job_logs import error_in, read_log
from pipeline_lib.study.configuration.load import checked
from pipeline_lib.study.configuration.root import Configuration

STATES = ("done", "running", "failed", "to do")
DONE, RUNNING, FAILED, TO_DO = STATES
CLOCK_TOLERANCE = 10.0  # seconds by which a process's start may shift when the clock is set


@dataclass(frozen=True)
class Job:
    """A job and its ``state``; ``since`` is when it began or was submitted (epoch s), by its marker."""

    record: dict
    state: str
    since: float | None = None

    @property
    def name(self) -> str:
        """The rule and the values of its wildcards."""
        return f"{self.record['rule']} {'/'.join(self.record['wildcards'].values())}".strip()


class Run:
    """The last run of a study, as its files describe it when they are read.

    Raises InputError if there is no run, or if its folder is not visible from here.
    """

    def __init__(self, results: Path) -> None:
        self._path = results / GRAPH_FILE
        self._run = read_graph(self._path)
        self.started = self._path.stat().st_mtime
        self.folder, self.persistence = Path(self._run["folder"]), Path(self._run["persistence"])
        if not self.folder.is_dir():
            raise InputError(f"{self.folder}: not found; {self._path} was written in this folder")
        # The order matters: a job that begins or ends meanwhile must not look like a failure.
        # Its marker comes before its log and goes after its entry, all while Snakemake is alive.
        self.alive = self._is_alive()
        records = self._run["jobs"]
        logged = [self._is_fresh(*(self.folder / log for log in job["log"])) for job in records]
        self._markers = self._notes("incomplete")
        self._records = self._notes("metadata", since=0)
        self._entries = {path for path, (time, _) in self._records.items() if time >= self.started}
        self.jobs = [self._job(*each) for each in zip(records, logged, strict=True)]

    def _is_alive(self) -> bool:
        if self._run["host"] != socket.gethostname():
            return any((self.persistence / "locks").glob("*.lock"))
        try:
            process = psutil.Process(self._run["pid"])
            shift = abs(process.create_time() - self._run["process_started"])
            return shift < CLOCK_TOLERANCE and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    @property
    def configuration(self) -> Configuration:
        """The run's configuration, with ``data_root`` as seen from any folder."""
        values = dict(self._run["configuration"])
        if values.get("data_root") is not None:
            values["data_root"] = str(self.folder / os.path.expanduser(values["data_root"]))
        return checked(Configuration, values, lambda key: f"{self._path}: configuration.{key}")

    @property
    def process(self) -> str:
        """Snakemake's process and host, in words."""
        return f"process {self._run['pid']} on {self._run['host']}"

    @property
    def unfinished(self) -> list[Job]:
        """The jobs that this run has to do and has not done."""
        return [job for job in self.jobs if job.record["due"] and job.state != DONE]

    def in_state(self, state: str) -> list[Job]:
        """Return the jobs in a state."""
        return [job for job in self.jobs if job.state == state]

    def jobs_by_target(self, files: Mapping[str, list[str]]) -> dict[str, list[Job]]:
        """Return the jobs that each target needs for its ``files``; none if no run asked for it."""
        maker = {output: job for job in self.jobs for output in job.record["outputs"]}
        return {
            name: _closure([maker[path] for path in paths if path in maker], maker)
            for name, paths in files.items()
        }

    def log(self, job: Job) -> Path | None:
        """Return the job's log of this run, None if there is none yet.

        An empty one does not count: Snakemake writes it if a job ends before it began.
        """
        logs = [self.folder / name for name in job.record["log"]]
        return next((path for path in logs if self._is_fresh(path) and path.stat().st_size), None)

    def slurm_log(self, job: Job) -> Path | None:
        """Return SLURM's own log of the job in this run: it says, for instance, why it was killed."""
        wildcards = "_".join(job.record["wildcards"].values()).replace("/", "_")
        folder = self.persistence / "slurm_logs" / f"rule_{job.record['rule']}" / wildcards
        logs = [path for path in folder.glob("*.log") if self._is_fresh(path)]
        return max(logs, key=lambda path: modified(path) or 0, default=None)

    def reason(self, job: Job) -> str:
        """Return the last error in a failed job's log, or in SLURM's."""
        for path in filter(None, (self.log(job), self.slurm_log(job))):
            if error := error_in(read_log(path)):
                return error
        return "no error in its log; it was killed" if self.log(job) else "it wrote no log"

    def queue_id(self, job: Job) -> str | None:
        """Return SLURM's number of a running job that still waits in the queue.

        A job that begins on its node writes its marker anew, without the number.
        """
        outputs = job.record["outputs"]
        markers = [self._markers[path][1] for path in outputs if path in self._markers]
        try:
            return read_json(markers[0])["external_jobid"]
        except (InputError, KeyError):  # it has just begun, or ended
            return None

    def _job(self, record: dict, logged: bool) -> Job:
        outputs = record["outputs"]
        markers = [self._markers[path][0] for path in outputs if path in self._markers]
        if markers:
            return Job(record, RUNNING if self.alive else FAILED, min(markers))
        times = [modified(self.folder / path) for path in outputs]
        if logged or any(path in self._entries for path in outputs):
            return Job(record, DONE if all(times) else FAILED)
        if record["due"] or not all(times):
            return Job(record, TO_DO)
        if not record["earlier"]:
            return Job(record, DONE)
        newer = [p for p in record["inputs"] if (modified(self.folder / p) or 0) > min(times)]
        changed = any(self._has_changed(path, outputs) for path in newer)
        return Job(record, TO_DO if changed else DONE)

    def _has_changed(self, path: str, outputs: list[str]) -> bool:
        """Tell whether an input differs from what the outputs were made from; if unknown, it does."""
        try:
            recorded = {
                read_json(self._records[output][1])["input_checksums"][path] for output in outputs
            }
        except (KeyError, InputError):  # Snakemake records none of large files
            return True
        file = self.folder / path
        return not file.is_file() or recorded != {f"sha256:{sha256(file)}"}

    def _is_fresh(self, *paths: Path) -> bool:
        """Tell whether one of the files was written in this run."""
        return any((modified(path) or 0) >= self.started for path in paths)

    def _notes(self, kind: str, since: float | None = None) -> dict[str, tuple[float, Path]]:
        """Return the outputs with a marker or entry of this run, or ``since``: its time and file."""
        since = self.started if since is None else since
        notes = {}
        top = self.persistence / kind
        for folder, _, names in os.walk(top):
            for path in (Path(folder, name) for name in names):
                time = modified(path) or 0
                if time >= since:
                    # Snakemake splits names that are too long into folders, "@...", and a file.
                    text = "".join(part.removeprefix("@") for part in path.relative_to(top).parts)
                    try:
                        notes[base64.urlsafe_b64decode(text).decode()] = time, path
                    except (binascii.Error, UnicodeDecodeError):  # not Snakemake's
                        continue
        return notes


def modified(path: Path) -> float | None:
    """Return when a file was last written (epoch s), None if it does not exist."""
    try:
        return path.stat().st_mtime
    except (FileNotFoundError, NotADirectoryError):
        return None


def failures(results: Path) -> list[str]:
    """Return a line for each failed job of a study's last run: its name, the reason, its log."""
    try:
        run = Run(results)
    except InputError:  # the run made no file of the study
        return []
    lines = []
    for job in run.in_state(FAILED):
        log = run.log(job) or run.slurm_log(job)
        lines.append(f"failed: {job.name}: {run.reason(job)}; see {log or 'no log'}")
    return lines


def _closure(jobs: list[Job], maker: dict[str, Job]) -> list[Job]:
    """Return the jobs and all jobs that they depend on."""
    needed = {}
    while jobs:
        job = jobs.pop()
        if id(job) not in needed:
            needed[id(job)] = job
            jobs.extend(maker[path] for path in job.record["inputs"] if path in maker)
    return list(needed.values())
