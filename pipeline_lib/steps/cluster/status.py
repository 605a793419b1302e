"""Print how far a study is: per table and figure, what is running, the time left, what failed.

It only reads files, so it can be called during a run, on this machine or on a cluster. The exit status
is 1 if a job has failed, or if the run has ended without finishing its jobs.
"""

import argparse
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from tabulate import tabulate

from pipeline_lib.common.command import command, step_parser
from pipeline_lib.common.errors import InputError
from pipeline_lib.reporting.catalogue import files_by_target
from pipeline_lib.scheduling.graph_file import GRAPH_FILE
from pipeline_lib.scheduling.job_logs import LINE, TAIL, read_log
from pipeline_lib.scheduling.progress import progress
from pipeline_lib.scheduling.state import FAILED, RUNNING, STATES, Job, Run
from pipeline_lib.study.study import build_study

SILENCE = 300.0  # seconds without a sign of life that are reported


def make_parser() -> argparse.ArgumentParser:
    """Return the step's parser."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument(
        "--results", type=Path, help="a study's folder of results; without it, the last run's"
    )
    parser.add_argument(
        "--watch", type=float, metavar="SECONDS", help="repeat until the run has ended"
    )
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Print the report once, or repeatedly."""
    results = arguments.results or last_run(Path("results"))
    run = Run(results)
    targets = files_by_target(build_study(run.configuration))
    print(report(results, run, targets, time.time()))
    with suppress(KeyboardInterrupt):
        while arguments.watch is not None and run.alive:
            time.sleep(arguments.watch)
            run = Run(results)
            text = report(results, run, targets, time.time())
            print("\033[2J\033[H" if sys.stdout.isatty() else "\n", text, sep="", flush=True)
    if failed := len(run.in_state(FAILED)):
        raise InputError(f"{results}: failed jobs: {failed}; their logs are named above")
    if run.unfinished and not run.alive:
        raise InputError(
            f"{results}: the run has ended with unfinished jobs: {len(run.unfinished)}; start it again"
        )


def last_run(folder: Path) -> Path:
    """Return the results of the study whose run began last. Raises InputError if there is none."""
    files = sorted(folder.glob(f"*/{GRAPH_FILE}"), key=lambda path: path.stat().st_mtime)
    if not files:
        raise InputError(f"{folder}: no run of a study below it; set --results")
    return files[-1].parent


def report(results: Path, run: Run, targets: Mapping[str, list[str]], now: float) -> str:
    """Return the report on a run at the time ``now`` (epoch s); ``targets`` are files by target."""
    state = "is running" if run.alive else "has ended"
    started = time.strftime("%d %b %H:%M:%S", time.localtime(run.started))
    lines = [f"{results}: the run of {started} {state} ({run.process})."]
    needed = run.jobs_by_target(targets)
    if rows := [_counts(name, jobs) for name, jobs in needed.items() if jobs]:
        lines += ["", tabulate(rows, ("", "jobs", *STATES))]
    if others := [name for name, jobs in needed.items() if not jobs]:
        lines += ["", f"Not asked for yet: {', '.join(others)}."]
    for state, describe in ((RUNNING, _running), (FAILED, _failed)):
        if jobs := run.in_state(state):
            lines += ["", f"{state.capitalize()}:"]
            lines += [line for job in jobs for line in describe(run, job, now)]
    totals = ", ".join(f"{len(run.in_state(state))} {state}" for state in STATES)
    return "\n".join([*lines, "", f"Of {len(run.jobs)} jobs: {totals}."])


def _counts(name: str, jobs: list[Job]) -> tuple[str | int, ...]:
    states = [job.state for job in jobs]
    return name, len(jobs), *(states.count(state) or "" for state in STATES)


def _running(run: Run, job: Job, now: float) -> list[str]:
    if number := run.queue_id(job):
        return [f"  {job.name}: in SLURM's queue as {number}"]
    log, slurm_log = run.log(job), run.slurm_log(job)
    text, last_sign = "starting", job.since
    if log is not None and log.stat().st_mtime >= job.since:
        current = progress(log, run.folder, job.since, now)
        text, last_sign = current.text, max(current.last_sign, job.since)
    slurm_job = f", SLURM job {slurm_log.stem}" if slurm_log else ""
    silence = now - last_sign
    silent = f" (silent for {silence / 60:.0f} min)" if silence > SILENCE else ""
    return [f"  {job.name}: {text}{slurm_job}{silent}"]


def _failed(run: Run, job: Job, now: float) -> list[str]:
    log = run.log(job)
    log_lines = [] if log is None else read_log(log)
    has_error = any(line.startswith("error: ") for line in log_lines)
    if job.since is not None:
        age = now - (job.since if log is None else log.stat().st_mtime)
        reason = f": Snakemake died while it ran; its last sign of life is {age / 60:.0f} min old"
    elif has_error:
        reason = ""
    elif log is None:
        reason = ": it wrote no log"
    else:
        reason = ": no error in its log; it was killed, or its files are not visible yet"
    lines = [f"  {job.name}{reason}"]
    for path in (log, None if has_error else run.slurm_log(job)):
        if path is not None:
            text = read_log(path)
            if path is not log:  # between Snakemake's own lines about the job
                text = [line for line in text if "error: " in line] or text
            lines += [f"    {path}", *(f"      | {line[:LINE]}" for line in text[-TAIL:])]
    return lines
