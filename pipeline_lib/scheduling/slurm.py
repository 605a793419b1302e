"""What a SLURM cluster reports about itself."""

import re
import subprocess
from dataclasses import dataclass

SACCT, SQUEUE = "sacct", "squeue"


@dataclass(frozen=True)
class PartitionLimits:
    """The most that a job of a partition can have: MB of its largest node, and minutes."""

    memory: float
    minutes: float


NO_LIMITS = PartitionLimits(float("inf"), float("inf"))


def cluster_settings() -> dict[str, str]:
    """Return the controller's settings by name; empty without SLURM, or if it does not answer."""
    return parse_settings(_answer("scontrol", "show", "config"))


def partition_limits() -> tuple[dict[str, PartitionLimits], str]:
    """Return the limits of each partition and the default one's name; empty without an answer."""
    return parse_partitions(_answer("sinfo", "--noheader", "--format=%P|%m|%l"))


def _answer(*command: str) -> str:
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout if answer.returncode == 0 else ""


def parse_partitions(text: str) -> tuple[dict[str, PartitionLimits], str]:
    """Parse lines of name, MB and time limit from sinfo, one for each kind of node."""
    limits: dict[str, PartitionLimits] = {}
    default = ""
    for line in text.splitlines():
        name, memory, time_limit = line.strip().split("|")
        if name.endswith("*"):
            name = default = name.removesuffix("*")
        known = limits.get(name, PartitionLimits(0, 0))
        largest = max(known.memory, int(memory.removesuffix("+")))
        limits[name] = PartitionLimits(largest, _minutes(time_limit))
    return limits, default


def _minutes(text: str) -> float:
    """Return SLURM's days-hours:minutes:seconds in minutes; `infinite` and n/a are no limit."""
    match = re.fullmatch(r"(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+)", text)
    if not match:
        return float("inf")
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return (days * 24 + hours) * 60 + minutes + seconds / 60


def parse_settings(text: str) -> dict[str, str]:
    """Parse the output of `scontrol show config`: lines of `Name = value`."""
    return dict(re.findall(r"^(\w+)\s*= (.*?)\s*$", text, flags=re.MULTILINE))


def status_command(settings: dict[str, str] | None = None) -> str:
    """Return the command that reports the states of jobs: sacct with accounting, else squeue.

    sacct may be installed on a cluster without accounting, where it never knows any job. squeue
    forgets a job MinJobAge seconds after its end, which must be longer than the time between two
    polls.
    """
    if settings is None:
        settings = cluster_settings()
    storage = settings.get("AccountingStorageType", "")
    return SQUEUE if storage in ("(null)", "accounting_storage/none") else SACCT
