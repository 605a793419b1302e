"""The account of a run that the terminal shows: a line a chapter, a bar, what failed, the time left.

A chapter is the file of ``workflow/rules`` that a job's rule is written in.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline_lib.common.columns import cut, duration

WIDTH = 100  # columns of a line that stays
BAR = 24  # characters
ENOUGH = 0.02  # of the planned work: before that is done no time left is shown


@dataclass(frozen=True)
class PlannedJob:
    """A job that a run has to do: its chapter, its name, the ``seconds`` expected, what it writes."""

    chapter: str
    name: str
    seconds: float
    outputs: tuple[str, ...] = ()
    prints: bool = False


class Account:
    """Counts what the jobs of a run have come to. Times are seconds of any one clock."""

    def __init__(self, jobs: Mapping[int, PlannedJob], now: float) -> None:
        self.jobs, self.started = jobs, now
        self.running: dict[int, float] = {}
        self.done: set[int] = set()
        self.failed: set[int] = set()
        self.warnings: dict[str, int] = {}  # lines by log
        self._chapters: dict[str, float] = {}  # when its first job began

    def begin(self, job: int, now: float) -> None:
        """Note that a job has begun, perhaps once more after it failed."""
        self.running[job] = now
        self.failed.discard(job)
        self._chapters.setdefault(self.jobs[job].chapter, now)

    def end(self, job: int) -> str:
        """Note that a job is done; return its chapter if that was the last job of it, else ""."""
        self.running.pop(job, None)
        self.done.add(job)
        chapter = self.jobs[job].chapter
        left = (key for key, each in self.jobs.items() if each.chapter == chapter)
        return chapter if self.done.issuperset(left) else ""

    def fail(self, job: int) -> None:
        """Note that a job has failed."""
        self.running.pop(job, None)
        self.failed.add(job)

    def warn(self, log: str, count: int) -> None:
        """Note that a job's log has ``count`` warnings."""
        if count:
            self.warnings[log] = count

    def outputs(self, chapter: str) -> list[str]:
        """Return the files that the jobs of a chapter have made in this run."""
        jobs = (self.jobs[key] for key in self.done)
        return [path for job in jobs if job.chapter == chapter for path in job.outputs]

    def chapter_line(self, chapter: str, found: str, now: float) -> str:
        """Return the line of a chapter that is done; ``found`` is what it found, in words."""
        jobs = [job for job in self.jobs.values() if job.chapter == chapter]
        end = f"{_jobs(len(jobs)):>8} {duration(now - self._chapters.get(chapter, now)):>8}"
        return f"{chapter:<13}{cut(found, WIDTH - 31):<{WIDTH - 31}} {end}"

    def last_line(self, now: float) -> str:
        """Return the line at the end of a run."""
        took = duration(now - self.started)
        if len(self.done) == len(self.jobs):
            return f"done: {_jobs(len(self.jobs))} in {took}; {self._warned()}"
        rest = len(self.jobs) - len(self.done) - len(self.failed)
        counts = f"{len(self.failed)} failed, {len(self.done)} done, {rest} not done"
        return f"stopped after {took}: {counts}; {self._warned()}"

    def _warned(self) -> str:
        if not self.warnings:
            return "no warnings"
        total, first = sum(self.warnings.values()), next(iter(self.warnings))
        more = f" and {len(self.warnings) - 1} more logs" if len(self.warnings) > 1 else ""
        return f"{total} {'warning' if total == 1 else 'warnings'} in {first}{more}"

    def work_done(self, now: float) -> float:
        """Return the expected seconds of what is done, running jobs as far as they should be."""
        done = sum(self.jobs[job].seconds for job in self.done)
        running = (min(now - began, self.jobs[job].seconds) for job, began in self.running.items())
        return done + sum(running)

    def seconds_left(self, now: float) -> float | None:
        """Return the time left at the speed so far, None while too little is done to tell."""
        total, done = sum(job.seconds for job in self.jobs.values()), self.work_done(now)
        if total <= 0 or done < ENOUGH * total or now <= self.started:
            return None
        return (total - done) * (now - self.started) / done

    def progress(self, now: float) -> str:
        """Return how many jobs are done, and the time left."""
        left = self.seconds_left(now)
        told = "" if left is None else f", {duration(left)} left"
        failed = f", {len(self.failed)} failed" if self.failed else ""
        return f"{len(self.done)} of {_jobs(len(self.jobs))}{failed}{told}"

    def bar(self, now: float, columns: int) -> str:
        """Return the line that is drawn anew all the time, at most ``columns`` wide."""
        total = sum(job.seconds for job in self.jobs.values())
        filled = round(BAR * self.work_done(now) / total) if total else 0
        names = ", ".join(self.jobs[job].name for job in self.running)
        line = f"[{'#' * filled}{'.' * (BAR - filled)}] {self.progress(now)}"
        return cut(f"{line} | {names}" if names else line, columns)


def _jobs(count: int) -> str:
    return f"{count} job" if count == 1 else f"{count} jobs"
