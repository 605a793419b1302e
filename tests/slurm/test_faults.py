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
    """SLURM ends a job that has to make room, and starts it again with the same number."""
    training.start(WEIGHTS)
    done = wait_for_steps(training)
    number = training.job_of(cluster, "train")
    subprocess.run(["scontrol", "requeue", number], check=True)
    assert training.ends(within=400) == 0, training.output
    check(training, unbroken, done)
    assert cluster.jobs()[number]["Restarts"] == "1"
    assert training.jobs_of(cluster, "train") == 1


def test_the_time_limit(training, cluster, unbroken):
    warned = "train:slurm_extra='--signal=USR1@50 --open-mode=append'"
    training.start(WEIGHTS, "--retries", "9", "--set-resources", "train:runtime=1", warned)
    done = wait_for_steps(training)
    eventually(
        lambda: "stopped by SIGUSR1" in training.log or training.jobs_of(cluster, "train") > 1
    )
    assert training.ends() == 0, training.output
    check(training, unbroken, done)


def test_a_job_over_its_memory(training, cluster, unbroken):
    growing = "train:mem_mb=150 * attempt ** 4"
    training.start(WEIGHTS, "--set-resources", growing)
    assert training.ends() == 0, training.output
    assert digest(training) == digest(unbroken)
    assert 1 < training.jobs_of(cluster, "train") <= 4
    assert training.steps == unbroken.steps


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
