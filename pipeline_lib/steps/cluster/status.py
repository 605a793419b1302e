"""Print how far a study is: per table and figure, what is running and how long still, what failed.

It reads files alone, so it may be asked while a run goes on, on this machine or on a cluster. The exit
status is 1 if a job has failed, or if the run has ended without having done all that it was to do.
"""

import argparse
import sys
import time
from contextlib import suppress
from pathlib import Path

from tabulate import tabulate

from pipeline_lib.common.command import command, step_parser
from pipeline_lib.common.errors import InputError
from pipeline_lib.scheduling.graph_file import NAME
from pipeline_lib.scheduling.progress import progress
from pipeline_lib.scheduling.state import FAILED, RUNNING, STATES, Job, Run

SILENT = 300.0  # seconds without a sign of life that are worth a word
TAIL = 5  # lines shown of a failed job's log


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument(
        "--results", type=Path, help="of a study; the newest below results/ without"
    )
    parser.add_argument(
        "--watch", type=float, metavar="SECONDS", help="repeat until the run is over"
    )
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Print it once, or again and again."""
    results = arguments.results or newest(Path("results"))
    run = Run(results)
    print(report(results, run, time.time()))
    with suppress(KeyboardInterrupt):
        while arguments.watch is not None and run.alive:
            time.sleep(arguments.watch)
            run = Run(results)
            text = report(results, run, time.time())
            print("\033[2J\033[H" if sys.stdout.isatty() else "\n", text, sep="", flush=True)
    if failed := len(run.of(FAILED)):
        raise InputError(f"{results}: failed jobs: {failed}; their logs are named above")
    if run.left and not run.alive:
        raise InputError(
            f"{results}: the run has ended, jobs it has not done: {len(run.left)}; start it again"
        )


def newest(folder: Path) -> Path:
    """Return the study whose run began last. Raises InputError where there is none."""
    files = sorted(folder.glob(f"*/{NAME}"), key=lambda path: path.stat().st_mtime)
    if not files:
        raise InputError(f"{folder}: no run of a study below it; set --results")
    return files[-1].parent


def report(results: Path, run: Run, now: float) -> str:
    """Return the whole text about a run at the time ``now`` (epoch s)."""
    state = "goes on" if run.alive else "has ended"
    started = time.strftime("%d %b %H:%M:%S", time.localtime(run.started))
    lines = [f"{results}: the run of {started} {state} ({run.where})."]
    needed = run.artefacts()
    if rows := [_counts(name, jobs) for name, jobs in needed.items() if jobs]:
        lines += ["", tabulate(rows, ("", "jobs", *STATES))]
    if others := [name for name, jobs in needed.items() if not jobs]:
        lines += ["", f"Not asked for yet: {', '.join(others)}."]
    for state, describe in ((RUNNING, _running), (FAILED, _failed)):
        if jobs := run.of(state):
            lines += ["", f"{state.capitalize()}:"]
            lines += [line for job in jobs for line in describe(run, job, now)]
    totals = ", ".join(f"{len(run.of(state))} {state}" for state in STATES)
    return "\n".join([*lines, "", f"Of {len(run.jobs)} jobs: {totals}."])


def _counts(name: str, jobs: list[Job]) -> tuple[str | int, ...]:
    states = [job.state for job in jobs]
    return name, len(jobs), *(states.count(state) or "" for state in STATES)


def _running(run: Run, job: Job, now: float) -> list[str]:
    if number := run.queued_as(job):
        return [f"  {job.name}: in SLURM's queue as {number}"]
    log, slurm_log = run.log(job), run.slurm_log(job)
    words, last_sign = "starting", job.since
    if log is not None and log.stat().st_mtime >= job.since:
        far = progress(log, run.folder, job.since, now)
        words, last_sign = far.words, max(far.last_sign, job.since)
    where = f", SLURM job {slurm_log.stem}" if slurm_log else ""
    silence = now - last_sign
    silent = f" (silent for {silence / 60:.0f} min)" if silence > SILENT else ""
    return [f"  {job.name}: {words}{where}{silent}"]


def _failed(run: Run, job: Job, now: float) -> list[str]:
    log = run.log(job)
    said = [] if log is None else _lines(log)
    tells = any(line.startswith("error: ") for line in said)
    if job.since is not None:
        age = now - (job.since if log is None else log.stat().st_mtime)
        why = f": Snakemake died and left it; its last sign of life is {age / 60:.0f} min old"
    elif tells:
        why = ""
    elif log is None:
        why = ": it began no log"
    else:
        why = ": no error in its log; it was killed, or its files are not to be seen yet"
    lines = [f"  {job.name}{why}"]
    for path in (log, None if tells else run.slurm_log(job)):
        if path is not None:
            text = _lines(path)
            if path is not log:  # Snakemake's words about the job surround SLURM's
                text = [line for line in text if "error: " in line] or text
            lines += [f"    {path}", *(f"      | {line[:200]}" for line in text[-TAIL:])]
    return lines


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8", errors="replace").splitlines()
