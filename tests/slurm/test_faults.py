"""If a job, a node, the controller or Snakemake dies, only a few training steps are lost."""

import hashlib
import os
import re
import signal
import subprocess
import time

from tests.slurm.cluster import NODES, processes
from tests.slurm.conftest import WEIGHTS, Run, eventually

SAVED_EVERY = 25
SLOW = "training={save_every: 25, recipe: {epochs: 6000}}"  # longer than its first time limit


def digest(run: Run) -> str:
    return hashlib.sha256((run.folder / WEIGHTS).read_bytes()).hexdigest()


def trainers(run: Run) -> list[int]:
    """The processes that train in the run's folder."""
    return [
        process
        for process in processes("python")
        if os.path.realpath(f"/proc/{process}/cwd") == str(run.folder)
        and b"train" in open(f"/proc/{process}/cmdline", "rb").read().split(b"\0")
    ]


def wait_for_steps(run: Run) -> int:
    """Wait for a checkpoint and some steps after it; return the steps done."""
    return eventually(lambda: run.steps and run.steps[-1] > 2 * SAVED_EVERY and run.steps[-1])


def check(run: Run, unbroken: Run, done: int) -> None:
    """Check that the weights are the same, that training resumed from the last checkpoint, and that
    nothing else was done again."""
    assert digest(run) == digest(unbroken)
    resumed = [int(step) for step in re.findall(r"resumed after step (\d+)", run.log)]
    assert resumed, run.log
    assert resumed[-1] >= done - SAVED_EVERY
    assert run.steps == unbroken.steps  # each step once, in order
    manifest = "results/tiny/data/ilsvrc-train/images.csv"
    assert (run.folder / manifest).stat().st_mtime_ns == (
        (unbroken.folder / manifest).stat().st_mtime_ns
    )


def test_kill_9_of_the_process(training, cluster, unbroken):
    training.start(WEIGHTS)
    done = wait_for_steps(training)
    for process in trainers(training):
        os.kill(process, signal.SIGKILL)
    assert training.ends() == 0, training.output
    check(training, unbroken, done)


def test_scancel(training, cluster, unbroken):
    training.start(WEIGHTS)
    done = wait_for_steps(training)
    subprocess.run(["scancel", training.job_of(cluster, "train")], check=True)
    assert training.ends() == 0, training.output
    check(training, unbroken, done)


def test_preemption(training, cluster, unbroken):
    """A partition of higher priority takes the node: SLURM starts the job again when it is free."""
    training.start(WEIGHTS)
    done = wait_for_steps(training)
    number = training.job_of(cluster, "train")
    node = cluster.jobs()[number]["NodeList"]
    urgent = subprocess.run(
        ["sbatch", "--parsable", "--partition=urgent", "--exclusive", f"--nodelist={node}"]
        + ["--time=1", "--output=/dev/null", "--wrap=sleep 5"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    assert training.ends(within=400) == 0, training.output
    check(training, unbroken, done)
    jobs = cluster.jobs()
    assert jobs[urgent]["JobState"] == "COMPLETED"
    assert jobs[number]["Restarts"] == "1"
    assert training.jobs_of(cluster, "train") == 1


def test_the_time_limit(training, cluster, unbroken):
    warned = "train:slurm_extra='--signal=USR1@35 --open-mode=append'"
    training.start(WEIGHTS, "--retries", "9", "--set-resources", "train:runtime=1", warned)
    done = wait_for_steps(training)
    eventually(
        lambda: "stopped by SIGUSR1" in training.log or training.jobs_of(cluster, "train") > 1
    )
    assert training.ends() == 0, training.output
    check(training, unbroken, done)


def test_a_job_over_its_memory_gets_more_memory_and_no_more_time(training, cluster, unbroken):
    growing = ("train:mem_mb=150 * attempt ** 4", "train:runtime=10 * attempt")
    training.start(WEIGHTS, "--set-resources", *growing)
    assert training.ends() == 0, training.output
    assert digest(training) == digest(unbroken)
    requests = training.requests(cluster, "train")
    assert 1 < len(requests) <= 4
    memory = [f"{150 * attempt**4}M" for attempt in range(1, len(requests) + 1)]
    assert [request["MinMemoryNode"] for request in requests] == memory
    assert {request["TimeLimit"] for request in requests} == {"00:10:00"}
    assert training.steps == unbroken.steps


def test_a_job_out_of_time_gets_more_time_and_no_more_memory(training, cluster, unbroken):
    """The trainer stops when it is told to, and goes on where it was."""
    growing = ("train:mem_mb=2000 * attempt", "train:runtime=attempt", "train:slurm_extra=''")
    training.start(WEIGHTS, "--set-resources", *growing, config=(SLOW,))
    wait_for_steps(training)
    requests = eventually(
        lambda: (jobs := training.requests(cluster, "train")) and len(jobs) == 2 and jobs, 180
    )
    assert [request["TimeLimit"] for request in requests] == ["00:01:00", "00:02:00"]
    assert {request["MinMemoryNode"] for request in requests} == {"2000M"}


def test_snakemake_killed_and_started_again(training, cluster, unbroken):
    training.start(WEIGHTS)
    done = wait_for_steps(training)
    training.kill()
    subprocess.run(
        ["snakemake", "--unlock", "--config", "study=tiny"], cwd=training.folder, check=True,
        capture_output=True,
    )  # fmt: skip
    training.start(WEIGHTS)
    assert training.ends() == 0, training.output
    check(training, unbroken, done)


def test_the_controller_killed_and_started_again(training, cluster, unbroken):
    training.start(WEIGHTS)
    wait_for_steps(training)
    cluster.kill("slurmctld")
    time.sleep(5)
    cluster.start_controller()
    assert training.ends() == 0, training.output
    assert digest(training) == digest(unbroken)
    assert "resumed" not in training.log  # the job never noticed
    assert training.jobs_of(cluster, "train") == 1


def test_a_node_lost(training, cluster, unbroken):
    """SLURM gives the node up and, after two minutes, starts the job on another one."""
    training.start(WEIGHTS)
    done = wait_for_steps(training)
    number = training.job_of(cluster, "train")
    node = cluster.jobs()[number]["NodeList"]
    assert node in NODES
    cluster.kill_node(node)
    try:
        assert training.ends(within=400) == 0, training.output
    finally:
        cluster.start_node(node)
    check(training, unbroken, done)
    assert training.jobs_of(cluster, "train") == 1  # Snakemake never noticed


def test_only_the_daemon_of_a_node_lost(training, cluster, unbroken):
    """The job goes on unnoticed and finishes; the job in its place has little left to do."""
    training.start(WEIGHTS)
    done = wait_for_steps(training)
    number = training.job_of(cluster, "train")
    node = cluster.jobs()[number]["NodeList"]
    # Stopped meanwhile: it must not finish before SLURM misses the daemon.
    unnoticed = trainers(training)
    for process in unnoticed:
        os.kill(process, signal.SIGSTOP)
    cluster.kill(f"slurmd-{node}")
    try:
        eventually(lambda: cluster.states()[node].startswith("down"))
        for process in unnoticed:
            os.kill(process, signal.SIGCONT)
        assert training.ends(within=400) == 0, training.output
    finally:
        cluster.start_node(node)
    check(training, unbroken, done)
    assert cluster.jobs()[number]["Restarts"] == "1"
    assert not list((training.folder / "results" / "tiny" / "scratch" / "checkpoints").glob("*"))
