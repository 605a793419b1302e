"""``snakemake --logger chapters``: what a run has come to, a line a chapter, in place of every job.

On a terminal a bar with the time left stands below the lines. Elsewhere there are lines alone, and one
in ten minutes where nothing else is told. What jobs print goes to their logs alone.
"""

import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from logging import WARNING, LogRecord
from pathlib import Path

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

from pipeline_lib.common.command import LOG_ONLY
from pipeline_lib.common.errors import InputError
from pipeline_lib.scheduling.chapters import Account, PlannedJob
from pipeline_lib.scheduling.job_logs import failure, read_log, warnings_in

CLEAR = "\r\033[K"  # the line that the bar stands on
TICK = 1.0  # seconds between two drawings of the bar
SILENCE = 600.0  # seconds without a line, where there is no bar
# What Snakemake says of failed jobs besides their events; the first is a job's whole command.
TOLD = (
    "CalledProcessError",
    "Exiting because a job execution failed",
    "WorkflowError:\nAt least one job did not complete",
)
NOTHING = "Nothing to be done"


class LogHandler(LogHandlerBase):
    """Turns Snakemake's events into the account; a dry run is shown as Snakemake shows it."""

    def __post_init__(self) -> None:
        """Have jobs write to their logs alone, unless no job will run."""
        self.stream = sys.stdout if self.common_settings.stdout else sys.stderr
        self.account: Account | None = None
        self._logs: dict[int, list[Path]] = {}
        self._find: Callable[[str, Sequence[str]], str] = lambda chapter, outputs: ""
        self._bar = False
        self._drawn = False
        self._said = time.monotonic()
        self._stopped = threading.Event()
        if not self.common_settings.dryrun:
            os.environ[LOG_ONLY] = "1"

    writes_to_stream = True
    writes_to_file = False
    has_formatter = False
    needs_rulegraph = False

    @property
    def has_filter(self) -> bool:
        """Snakemake's own filter would keep events from the account."""
        return not self.common_settings.dryrun

    def follow(
        self,
        title: str,
        jobs: Mapping[int, PlannedJob],
        find: Callable[[str, Sequence[str]], str],
    ) -> None:
        """Begin the account of a run of these jobs, by Snakemake's number.

        ``find`` returns what a chapter found, given its name and the files that its jobs made.
        """
        if self.common_settings.dryrun or not jobs:
            return
        with self.lock:
            self.account, self._find = Account(jobs, time.monotonic()), find
            # A job that prints its result would print it into the bar.
            self._bar = self.stream.isatty() and not any(job.prints for job in jobs.values())
            self._say(f"{title}: {len(jobs)} {'job' if len(jobs) == 1 else 'jobs'}")
        threading.Thread(target=self._keep_ticking, daemon=True).start()

    def emit(self, record: LogRecord) -> None:
        """Take an event of the run, or a message."""
        try:
            is_dry = self.common_settings.dryrun
            if is_dry or (not self._is_counted(record) and self._is_shown(record)):
                self._say(self.format(record))
        except Exception:  # as of any log handler: it must not end the run
            self.handleError(record)

    def tick(self) -> None:
        """Draw the bar; without one, tell how far the run is after a long silence."""
        with self.lock:
            now = time.monotonic()
            if self.account is None:
                return
            if self._bar:
                columns = shutil.get_terminal_size().columns - 1
                self._write(f"{CLEAR}{self.account.bar(now, columns)}")
                self._drawn = True
            elif now - self._said > SILENCE:
                self._say(self.account.progress(now))

    def close(self) -> None:
        """End the account."""
        self._stopped.set()
        with self.lock:
            if self.account is not None:
                self._say(self.account.last_line(time.monotonic()))
                self.account = None
        super().close()

    def _is_counted(self, record: LogRecord) -> bool:
        """Take an event of a job; return whether it is one of the account's jobs."""
        event = getattr(record, "event", None)
        job = getattr(record, "job_id" if event == LogEvent.JOB_FINISHED else "jobid", None)
        if self.account is None or job not in self.account.jobs:
            return False
        now = time.monotonic()
        if event == LogEvent.JOB_INFO:
            self.account.begin(job, now)
            self._logs[job] = [Path(log) for log in record.log]
        elif event == LogEvent.JOB_ERROR:
            self.account.fail(job)
            logs = [Path(log) for log in record.log]
            self._say("\n".join(failure(self.account.jobs[job].name, logs)))
        elif event == LogEvent.JOB_FINISHED:
            for log in self._logs.pop(job, []):
                self.account.warn(str(log), warnings_in(read_log(log)))
            if chapter := self.account.end(job):
                self._say(self.account.chapter_line(chapter, self._found(chapter), now))
        return True

    def _is_shown(self, record: LogRecord) -> bool:
        message = record.getMessage()
        if message.startswith(TOLD):
            return self.account is None
        return record.levelno >= WARNING or message.startswith(NOTHING)

    def _found(self, chapter: str) -> str:
        try:
            return self._find(chapter, self.account.outputs(chapter))
        except (InputError, KeyError, ValueError, TypeError) as error:  # a file of another version
            return f"(not told: {' '.join(str(error).split())})"

    def _keep_ticking(self) -> None:
        while not self._stopped.wait(TICK):
            self.tick()

    def _say(self, text: str) -> None:
        """Write lines that stay, in place of the bar."""
        self._write(f"{CLEAR if self._drawn else ''}{text}\n")
        self._drawn = False
        self._said = time.monotonic()

    def _write(self, text: str) -> None:
        self.stream.write(text)
        self.stream.flush()
