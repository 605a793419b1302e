"""What a SLURM cluster says of itself."""

import re
import subprocess

SACCT, SQUEUE = "sacct", "squeue"


def cluster_settings() -> dict[str, str]:
    """Return the controller's settings by name; empty where there is no SLURM or no answer."""
    try:
        asked = subprocess.run(
            ["scontrol", "show", "config"], capture_output=True, text=True, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):
        return {}
    return settings_in(asked.stdout) if asked.returncode == 0 else {}


def settings_in(text: str) -> dict[str, str]:
    """Read what `scontrol show config` prints: a setting a line, `Name = value`."""
    return dict(re.findall(r"^(\w+)\s*= (.*?)\s*$", text, flags=re.MULTILINE))


def status_command(settings: dict[str, str] | None = None) -> str:
    """Return what can tell the states of jobs: sacct where the cluster keeps accounts, else squeue.

    sacct may be installed where there is no accounting; it then knows no job, for ever. squeue
    forgets a job MinJobAge seconds after its end, which must therefore be longer than a poll takes.
    """
    known = cluster_settings() if settings is None else settings
    storage = known.get("AccountingStorageType", "")
    return SQUEUE if storage in ("(null)", "accounting_storage/none") else SACCT
