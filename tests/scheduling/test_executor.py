"""How a refused sbatch is met, and what is said about jobs that SLURM ended."""

import re
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from snakemake_executor_plugin_slurm import Executor

from pipeline_lib.common.command import TRY_AGAIN, ends_for_good
from pipeline_lib.scheduling import executor
from pipeline_lib.scheduling.executor import PASSING, PatientExecutor, explain, refusal

FULL = (
    "sbatch: error: AssocMaxSubmitJobLimit\nsbatch: error: Batch job submission failed: Job violates "
    "accounting/QOS policy (job submit limit, user's size and/or time limits)"
)
TOO_LARGE = (
    "sbatch: error: Batch job submission failed: Requested node configuration is not available"
)
TOO_LONG = FULL.replace("AssocMaxSubmitJobLimit", "QOSMaxWallDurationPerJobLimit")


def plugins_message(stderr: str) -> str:
    """What the plugin reports when sbatch says ``stderr``."""
    return (
        f"SLURM sbatch failed. The error message was '{stderr}'.\n    sbatch call:\n   sbatch x\n"
    )


@pytest.mark.parametrize(
    ("stderr", "passes"),
    [
        (FULL, True),
        ("sbatch: error: Unable to contact slurm controller (connect failure)", True),
        (
            "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation",
            True,
        ),
        (
            "sbatch: error: Batch job submission failed: Required partition not available (inactive "
            "or drain)",
            True,
        ),
        (
            "sbatch: error: Slurm temporarily unable to accept job, sleeping and retrying",
            True,
        ),
        (TOO_LARGE, False),
        (TOO_LONG, False),
        ("sbatch: error: invalid partition specified: cards", False),
        ("sbatch: error: Memory specification can not be satisfied", False),
        ("sbatch: error: You must name your project", False),  # a site's own rule
    ],
)
def test_refusals_that_pass_are_known(stderr, passes):
    assert bool(PASSING.search(refusal(plugins_message(stderr)))) is passes


def test_the_reason_is_sbatchs_own_in_one_line():
    expected = "Batch job submission failed: Requested node configuration is not available"
    assert refusal(plugins_message(TOO_LARGE)) == expected
    assert refusal(plugins_message(FULL)).startswith("AssocMaxSubmitJobLimit; Batch job submission")
    failed = "Job submission failed with exception: Failed to run sinfo: Unable to contact"
    assert refusal(failed) == failed


class Jobs:
    """An executor whose sbatch answers from a list, in time that a test makes pass."""

    def __init__(self, monkeypatch, answers, patience=3600.0):
        self.answers, self.now, self.waits, self.failed = list(answers), 0.0, [], []
        self.warnings, self.submitted = [], []
        this = self.executor = PatientExecutor.__new__(PatientExecutor)
        this.patience, this._refused_since, this._closing = patience, {}, threading.Event()
        this.logger = SimpleNamespace(warning=self.warnings.append)
        this._closing.wait = self._wait
        monkeypatch.setattr(executor.time, "monotonic", lambda: self.now)
        monkeypatch.setattr(Executor, "run_job", lambda this, job: self._sbatch(this, job))
        monkeypatch.setattr(
            Executor,
            "_report_job_error_threadsafe",
            lambda _, job_info, msg: self.failed.append((job_info.job, msg)),
        )

    def _wait(self, seconds):
        self.waits.append(seconds)
        self.now += seconds
        return self.executor._closing.is_set()

    def _sbatch(self, this, job):
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer:
            this._report_job_error_threadsafe(SimpleNamespace(job=job), plugins_message(answer))
        else:
            self.submitted.append(job)


class Job:
    """A job as the executor sees it."""

    def __init__(self, name, log):
        self.name, self.log = name, [str(log)]

    def is_group(self):
        return False


@pytest.fixture
def job(tmp_path):
    return Job("predict", tmp_path / "logs" / "predict.log")


def test_a_full_queue_is_waited_for(monkeypatch, job):
    jobs = Jobs(monkeypatch, [FULL] * 9 + [""])
    jobs.executor.run_job(job)
    assert jobs.submitted == [job]
    assert not jobs.failed
    assert jobs.waits == [5, 5, 10, 20, 40, 80, 160, 300, 300]
    assert "AssocMaxSubmitJobLimit" in jobs.warnings[0]
    assert "the next try is in 5 s, the last in 60 min" in jobs.warnings[0]
    assert not Path(job.log[0]).exists()


def test_patience_ends(monkeypatch, job):
    jobs = Jobs(monkeypatch, [FULL], patience=60.0)
    jobs.executor.run_job(job)
    assert sum(jobs.waits) == 60
    assert [each for each, _ in jobs.failed] == [job]
    text = Path(job.log[0]).read_text()
    assert text.startswith("error: predict: SLURM refused the job: AssocMaxSubmitJobLimit; ")
    assert ends_for_good(text)


def test_a_refusal_that_lasts_is_sent_once_and_its_reason_is_in_the_log(monkeypatch, job):
    jobs = Jobs(monkeypatch, [TOO_LARGE])
    jobs.executor.run_job(job)
    assert not jobs.waits
    assert len(jobs.failed) == 1
    assert ends_for_good(Path(job.log[0]).read_text())


def test_nothing_is_submitted_once_snakemake_ends(monkeypatch, job):
    jobs = Jobs(monkeypatch, [""])
    jobs.executor._closing.set()
    jobs.executor.run_job(job)
    assert not jobs.submitted
    assert len(jobs.failed) == 1


@pytest.mark.parametrize(
    ("slurm_log", "state", "words", "cause"),
    [
        (
            "n1\nslurmstepd: error: *** JOB 7 ON n1 CANCELLED AT 2026-11-26 DUE TO TIME LIMIT ***\n"
            "Terminated\n",
            "TIMEOUT",
            "SLURM job 7 ended as TIMEOUT: .* DUE TO TIME LIMIT",
            "runtime",
        ),
        (
            "/var/spool/slurmd/job7/slurm_script: line 4: /home/me/.venv/bin/python: No such file or "
            "directory\n",
            "FAILED",
            "ended as FAILED: .*/.venv/bin/python: No such file or directory; see .*/7.log",
            None,
        ),
        ("", "FAILED", "wrote nothing to .*/7.log: does its node see this folder", None),
        ("", "OUT_OF_MEMORY", "ended as OUT_OF_MEMORY", "mem_mb"),
        (
            "ModuleNotFoundError: No module named 'snakemake'\nsrun: error: n1: task 0: Exit 1\n",
            "FAILED",
            "ModuleNotFoundError: No module named 'snakemake'; see",
            None,
        ),
    ],
)
def test_the_telling_line_of_slurms_log_is_quoted(slurm_log, state, words, cause, tmp_path):
    file = tmp_path / "7.log"
    file.write_text(slurm_log)
    message = f"SLURM-job '7' failed, SLURM status is: '{state}'. Detailed failure reason"
    explanation, found = explain("7", message, file)
    assert re.search(words, explanation)
    assert "\n" not in explanation
    assert found == cause


def test_what_slurm_ended_is_explained_in_the_jobs_own_log(monkeypatch, tmp_path):
    this, noted = PatientExecutor.__new__(PatientExecutor), []
    this._exhaustion = SimpleNamespace(note=lambda jobs, cause: noted.append((jobs, cause)))
    monkeypatch.setattr(Executor, "report_job_error", lambda *args, **kwargs: None)
    slurm_log = tmp_path / "7.log"
    slurm_log.write_text("slurmstepd: error: Detected 1 oom_kill event in StepId=7.batch.\n")

    def end(name, text):
        log = tmp_path / f"{name}.log"
        if text is not None:
            log.write_text(text)
        job = Job(name, log)
        info = SimpleNamespace(job=job, external_jobid="7", aux={"slurm_logfile": slurm_log})
        this.report_job_error(info, msg="SLURM status is: 'OUT_OF_MEMORY'")
        return log.read_text()

    killed = end("killed", "python -m x\n10 images\n")
    assert "error: SLURM job 7 ended as OUT_OF_MEMORY: " in killed
    assert killed.endswith(f"{TRY_AGAIN}\n")
    assert "SLURM job 7" in end("silent", None)
    ended = "python -m x\nerror: a.csv: not found\n"
    assert end("wrong", ended) == ended
    stopped = f"error: stopped by SIGUSR1\n{TRY_AGAIN}\n"
    assert end("stopped", stopped) == stopped
    assert [cause for _, cause in noted] == ["mem_mb"] * 4
