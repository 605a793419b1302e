"""Snakemake's SLURM plugin, made patient and talkative.

The plugin takes a refused sbatch for a failed job and says little about jobs that SLURM ended. Here a
refusal that will pass is waited for. Any other, and what SLURM says about a job that it ended, is
written into the job's own log, where the user and `status` look for it.
"""

import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from snakemake_executor_plugin_slurm import Executor
from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo
from snakemake_interface_executor_plugins.registry import ExecutorPluginRegistry

from pipeline_lib.common.command import TRY_AGAIN, ends_for_good
from pipeline_lib.scheduling.attempts import Exhaustion, exhausted
from pipeline_lib.scheduling.slurm import partition_limits

FIRST_WAIT, LONGEST_WAIT = 5.0, 300.0  # seconds between two calls of sbatch; each is twice the last
# What sbatch says when the same request may be accepted later: SLURM's slurm_errno.c, and the limits on
# how many jobs a user may have submitted.
PASSING = re.compile(
    r"contact slurm controller|socket timed out|zero bytes were transmitted|connection (refused|timed"
    r"|failure|reset)|not connected|temporarily|not available now|partition not available|down, drained"
    r"|presently disabled|standby mode|too many|MaxSubmit|GrpSubmit|MaxJobCount|in maintenance",
    re.IGNORECASE,
)


def use_patient_executor(patience: float) -> None:
    """Let Snakemake submit with `PatientExecutor`, which waits up to ``patience`` seconds a job."""
    registry = ExecutorPluginRegistry()
    if "slurm" in registry.get_registered_plugins():
        PatientExecutor.patience = patience
        registry.get_plugin("slurm").executor = PatientExecutor


class PatientExecutor(Executor):
    """The plugin's executor, with a refused sbatch repeated and failures explained."""

    patience = 0.0

    def __post_init__(self, test_mode: bool = False) -> None:
        """Start the executor, and size requests by what jobs ran out of."""
        self._closing = threading.Event()
        self._refused_since: dict[Any, float] = {}
        super().__post_init__(test_mode)
        limits, default = partition_limits()
        self._exhaustion = Exhaustion(limits, default)
        self._exhaustion.size_requests(self.workflow.rules)

    def get_account_arg(self, job: Any) -> Iterator[str]:
        """Yield the job's account, or none: the plugin's guess calls sacct with a shell's pipe."""
        if job.resources.get("slurm_account"):
            yield from super().get_account_arg(job)
        else:
            yield ""

    def run_job(self, job: Any) -> None:
        """Submit a job; its logs are then those of this attempt alone."""
        if self._closing.is_set():
            ending = "not submitted: Snakemake is ending"
            super()._report_job_error_threadsafe(SubmittedJobInfo(job), ending)
            return
        for log in job.log:
            Path(log).unlink(missing_ok=True)
        super().run_job(job)

    def cancel(self) -> None:
        """Submit nothing any more, cancel what is submitted."""
        self._closing.set()
        super().cancel()

    def shutdown(self) -> None:
        """Wait for no refused job any more."""
        self._closing.set()
        super().shutdown()

    def _report_job_error_threadsafe(self, job_info: Any, msg: str) -> None:
        """Called in the plugin's thread when a submission has failed, with sbatch's words in ``msg``."""
        job, reason = job_info.job, refusal(msg)
        if PASSING.search(reason) and self._wait(job, reason):
            self.run_job(job)
            return
        self._refused_since.pop(job, None)
        for log in map(Path, job.log):
            _append(log, f"error: {job.name}: SLURM refused the job: {reason}")
        super()._report_job_error_threadsafe(job_info, msg)

    def _wait(self, job: Any, reason: str) -> bool:
        """Wait before the next call of sbatch; False if the patience is at its end."""
        now = time.monotonic()
        waited = now - self._refused_since.setdefault(job, now)
        if waited >= self.patience:
            return False
        pause = min(max(FIRST_WAIT, waited), LONGEST_WAIT, self.patience - waited)
        self.logger.warning(
            f"SLURM refuses {job.name} for now: {reason}; the next try is in {pause:.0f} s, the last "
            f"in {(self.patience - waited) / 60:.0f} min."
        )
        return not self._closing.wait(pause)

    def report_job_submission(self, job_info: Any) -> None:
        """Forget earlier refusals of a job that SLURM has taken."""
        self._refused_since.pop(job_info.job, None)
        super().report_job_submission(job_info)

    def report_job_error(self, job_info: Any, msg: str | None = None, **kwargs: Any) -> None:
        """Say in the job's log why SLURM ended it, and count what it ran out of."""
        job = job_info.job
        if job_info.external_jobid:
            slurm_log = Path(job_info.aux["slurm_logfile"])
            explanation, cause = explain(job_info.external_jobid, msg or "", slurm_log)
            logs = [Path(log) for log in job.log]
            if not any(ends_for_good(_text(log)) for log in logs):
                for log in logs:
                    if TRY_AGAIN not in _text(log):  # the step itself has said more
                        _append(log, f"error: {explanation}\n{TRY_AGAIN}")
            if cause:
                self._exhaustion.note(job if job.is_group() else [job], cause)
        super().report_job_error(job_info, msg=msg, **kwargs)


def refusal(message: str) -> str:
    """Return sbatch's own words in the plugin's message, in one line."""
    words = re.search(r"error message was '(.*?)'\.?\s*(?:sbatch call|$)", message, re.DOTALL)
    lines = (words[1] if words else message).splitlines()
    told = [re.sub(r"^\s*sbatch: (error: )?", "", line).strip() for line in lines]
    return "; ".join(filter(None, told))


def explain(number: str, message: str, slurm_log: Path) -> tuple[str, str | None]:
    """Return in one line why SLURM job ``number`` ended, and what it ran out of, if it did.

    ``message`` is the plugin's, with SLURM's word for the job's state.
    """
    state = re.search(r"status is: '([A-Z_]+)", message)
    ended = f"SLURM job {number} ended as {state[1] if state else 'failed'}"
    text = _text(slurm_log)
    if not text:
        return f"{ended} and wrote nothing to {slurm_log}: does its node see this folder?", (
            exhausted(message)
        )
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for words in (
        r"DUE TO|oom|[Ee]xceeded .*memory|CANCELLED",
        r"No such file or directory|not found|Permission denied|(Import|ModuleNotFound)Error|\bKilled\b",
        r"error: ",
    ):
        if telling := [line for line in lines if re.search(words, line)]:
            break
    else:
        telling = lines
    return f"{ended}: {telling[-1][:300]}; see {slurm_log}", exhausted(f"{message}\n{text}")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _append(log: Path, text: str) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "a", encoding="utf-8") as file:
        print(text, file=file)
