"""Which failed jobs Snakemake starts again, and what they request then.

An error that no other attempt can mend ends a job at its first attempt. What SLURM ended is started
again, and requests more of what it ran out of: in a profile's `mem_mb: 4000 * attempt`, attempt counts
the attempts that ran out of memory, in `runtime` those that ran out of time.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from snakemake.jobs import GroupJob, Job
from snakemake.resources import Resource

from pipeline_lib.common.command import ends_for_good
from pipeline_lib.scheduling.slurm import NO_LIMITS, PartitionLimits

MEMORY, TIME = "mem_mb", "runtime"  # Snakemake's names of what a job can run out of
OUT_OF_TIME = r"DUE TO TIME LIMIT|\bTIMEOUT\b"
OUT_OF_MEMORY = r"OUT_OF_MEMORY|oom[-_ ]?kill|OOM Killed|[Ee]xceeded .*memory limit"
CANCELLED = r"\bCANCELLED\b|PREEMPTED"
KILLED = r"\bKilled\b"  # by the kernel, for all that SLURM knows: for want of memory


def start_again_only_what_may_succeed(started: Path) -> None:
    """Let Snakemake attempt a job once whose log says that no other attempt can mend its error.

    Logs older than the file ``started`` are of earlier runs. Snakemake asks a failed job how often it
    may be started again; of a group, each job's log counts.
    """
    began = started.stat().st_mtime

    def ended(job: Job | GroupJob) -> bool:
        return any(_is_final(Path(log), began) for log in job.log)

    for kind in (Job, GroupJob):
        kind.restart_times = property(_never_if(ended, kind.restart_times.fget))


def _never_if(ended: Callable[[Any], bool], usual: Callable[[Any], int]) -> Callable[[Any], int]:
    usual = getattr(usual, "usual", usual)  # a second run in this process replaces the first's

    def restart_times(job: Job | GroupJob) -> int:
        return 0 if ended(job) else usual(job)

    restart_times.usual = usual
    return restart_times


def _is_final(log: Path, began: float) -> bool:
    try:
        is_fresh = log.stat().st_mtime >= began
        return is_fresh and ends_for_good(log.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return False


def exhausted(text: str) -> str | None:
    """Return what a job ran out of, `mem_mb` or `runtime`, by SLURM's words; None for neither."""
    causes = ((OUT_OF_TIME, TIME), (OUT_OF_MEMORY, MEMORY), (CANCELLED, None), (KILLED, MEMORY))
    return next((cause for words, cause in causes if re.search(words, text)), None)


class Exhaustion:
    """Counts what the jobs of a run ran out of, and sizes their next requests by it."""

    def __init__(self, limits: Mapping[str, PartitionLimits], default_partition: str = "") -> None:
        self._counts: Counter = Counter()
        self._limits, self._default = limits, default_partition

    def note(self, jobs: Iterable[Job], cause: str) -> None:
        """Count an attempt of these jobs that ran out of ``cause``."""
        self._counts.update((job.rule.name, _key(job.wildcards_dict), cause) for job in jobs)

    def size_requests(self, rules: Iterable[Any]) -> None:
        """Let the rules' requests grow by these counts, instead of by the number of attempts.

        A request grows to what a node of its partition has, and not beyond.
        """
        for rule in rules:
            for cause in (MEMORY, TIME):
                if cause in rule.resources:
                    rule.resources[cause] = self._sized(rule, rule.resources[cause])

    def _sized(self, rule: Any, resource: Resource) -> Resource:
        name = resource.name

        # The parameters have the names that Snakemake gives the arguments of such functions.
        def value(wildcards, input, attempt, threads, rulename, async_run):
            rest = {
                "input": input,
                "threads": threads,
                "rulename": rulename,
                "async_run": async_run,
            }

            def evaluate(each: Resource, attempt: int) -> Any:
                return each.evaluate(wildcards, **rest, attempt=attempt).value

            first = evaluate(resource, 1)
            count = self._counts[rule.name, _key(wildcards), name]
            if not count or not isinstance(first, int):
                return first
            partition = self._default
            if "slurm_partition" in rule.resources:
                partition = evaluate(rule.resources["slurm_partition"], 1) or partition
            most = self._limits.get(partition, NO_LIMITS)
            most = most.memory if name == MEMORY else most.minutes
            return max(first, min(evaluate(resource, 1 + count), most))

        return Resource(name, value, raw=resource.raw)


def _key(wildcards: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, str(value)) for name, value in wildcards.items()))
