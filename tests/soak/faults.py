"""The faults, each at a job of a run: what is struck, when, and what the user does before the rerun."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from tests.soak.run import Job, Run

FULL_DISK = Path(__file__).parent / "full_disk"
HARMLESS = "harmless"  # no job of the run read the damaged place
MISSED = "too late"  # the job had ended before it was struck


def kill_job(run: Run, job: Job, rng: Random) -> str:
    """Kill -9 the job's process; return what happened."""
    with run.started() as snakemake:
        struck = _await_moment(run, job, rng, snakemake)
        for process in job.processes(run.folder) if struck else ():
            _send(os.kill, process, signal.SIGKILL)
    return "killed" if struck and snakemake.returncode else MISSED


def lose_machine(run: Run, job: Job, rng: Random) -> str:
    """Kill -9 Snakemake and all that it started; unlock the folder, as Snakemake asks for."""
    with run.started() as snakemake:
        struck = _await_moment(run, job, rng, snakemake)
        if struck:
            _send(os.killpg, snakemake.pid, signal.SIGKILL)
    run.snakemake("--unlock")
    return "killed" if struck else MISSED


def stop_snakemake(run: Run, job: Job, rng: Random) -> str:
    """Ask Snakemake to end: SIGTERM as `kill` sends it, or Ctrl-C, which its jobs receive too."""
    with run.started() as snakemake:
        struck = _await_moment(run, job, rng, snakemake)
        if struck:
            if rng.random() < 0.5:
                _send(os.kill, snakemake.pid, signal.SIGTERM)
            else:
                _send(os.killpg, snakemake.pid, signal.SIGINT)
    return "stopped" if struck and snakemake.returncode else MISSED


def fill_disk(run: Run, job: Job, rng: Random) -> str:
    """Let the job's disk be full from one of its first calls on that write."""
    call = rng.randint(1, 5)
    full = {"PYTHONPATH": str(FULL_DISK), "SOAK_JOB": job.log, "SOAK_CALL": str(call)}
    with run.started(**full) as snakemake:
        pass
    if not snakemake.returncode:
        return MISSED
    lines = [line for line in run.words(job).splitlines() if "error: " in line]
    assert any("disk" in line for line in lines), (job, call, run.words(job))
    assert not any("a bug in this step" in line for line in lines), (job, call, lines)
    return "refused in one line"


def flip_bit(run: Run, job: Job, rng: Random) -> str:
    """Flip one bit of a file that the job reads, unnoticed by Snakemake; do as the message says."""
    path = run.folder / rng.choice(job.artefacts(run.folder))
    content = bytearray(path.read_bytes())
    bit = rng.randrange(8 * len(content))
    content[bit // 8] ^= 1 << bit % 8
    when = path.stat()
    path.write_bytes(content)
    os.utime(path, ns=(when.st_atime_ns, when.st_mtime_ns))
    run.damaged = name = str(path.relative_to(run.folder))
    with run.started() as snakemake:
        pass
    if not snakemake.returncode:
        return HARMLESS
    lines = [line for line in run.output.splitlines() if "error: " in line and name in line]
    assert lines, (job, bit, name, run.output)
    assert "Traceback" not in run.output, run.output
    assert "delete" in lines[0], lines
    path.unlink()
    if "delete both" in lines[0]:  # a network's weights and its card
        path.with_suffix(".json").unlink(missing_ok=True)
    return "refused in one line"


Fault = Callable[[Run, Job, Random], str]
FAULTS: dict[str, Fault] = {
    "kill -9 of the job": kill_job,
    "machine lost": lose_machine,
    "Snakemake stopped": stop_snakemake,
    "disk full": fill_disk,
    "flipped bit": flip_bit,
}


def _await_moment(run: Run, job: Job, rng: Random, snakemake: subprocess.Popen) -> bool:
    """Wait for a random moment of the job; return whether it has begun and Snakemake runs still."""
    while not job.processes(run.folder):
        if snakemake.poll() is not None:
            return False
        time.sleep(0.05)
    time.sleep(0.8 * rng.random() * job.seconds)  # measured as it ended, with what follows it
    return snakemake.poll() is None


def _send(send: Callable[[int, int], None], process: int, number: int) -> None:
    try:
        send(process, number)
    except ProcessLookupError:  # it has ended meanwhile
        return
