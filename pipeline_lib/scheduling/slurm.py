"""What a SLURM cluster reports about itself."""

import re
import subprocess

SACCT, SQUEUE = "sacct", "squeue"


def cluster_settings() -> dict[str, str]:
    """Return the controller's settings by name; empty without SLURM, or if it does not answer."""
    try:
        answer = subprocess.run(
            ["scontrol", "show", "config"], capture_output=True, text=True, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):
        return {}
    return parse_settings(answer.stdout) if answer.returncode == 0 else {}


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
