"""What happens when sbatch refuses jobs, and when a node cannot start them."""

import shutil
import sys

import pytest

from tests.slurm.conftest import NETWORK, WEIGHTS, last_lines

REFUSING = """#!/bin/sh
# Refuses as a queue that is full does, a number of times.
echo >> {folder}/calls
if [ $(wc -l < {folder}/calls) -le {times} ]; then
  echo 'sbatch: error: AssocMaxSubmitJobLimit' >&2
  echo 'sbatch: error: Batch job submission failed: Job violates accounting/QOS policy' >&2
  exit 1
fi
exec {sbatch} "$@"
"""
ELSEWHERE = """#!/usr/bin/env python3
# Submits jobs whose interpreter is not on the node.
import os, sys
words = [word.replace("{python}", "/nowhere/bin/python") for word in sys.argv]
os.execv("{sbatch}", words)
"""


@pytest.fixture
def fake_sbatch(tmp_path, monkeypatch):
    """A function that puts a script in front of the real sbatch."""

    def make(script, **values):
        file = tmp_path / "bin" / "sbatch"
        file.parent.mkdir()
        file.write_text(script.format(folder=tmp_path, sbatch=shutil.which("sbatch"), **values))
        file.chmod(0o755)
        monkeypatch.setenv("PATH", str(file.parent), prepend=":")
        return tmp_path / "calls"

    return make


def test_a_queue_that_is_full_for_a_while_is_waited_for(training, cluster, fake_sbatch):
    calls = fake_sbatch(REFUSING, times=2)
    training.start(WEIGHTS, config=())
    assert training.ends() == 0, training.output
    assert (training.folder / WEIGHTS).exists()
    assert len(calls.read_text().splitlines()) == 3
    assert training.output.count("SLURM refuses train for now: AssocMaxSubmitJobLimit") == 2
    assert training.jobs_of(cluster, "train") == 1
    assert "sacct: invalid option" not in training.output


def test_a_request_that_no_node_can_meet_is_sent_once_and_the_last_lines_say_why(training, cluster):
    training.start(WEIGHTS, "--set-resources", "train:mem_mb=9000000 * attempt", config=())
    assert training.ends() != 0
    (line,) = [line for line in last_lines(training).splitlines() if line.startswith("failed: ")]
    assert line.startswith(f"failed: train {NETWORK}: train: SLURM refused the job: ")
    assert "Memory specification can not be satisfied" in line
    assert training.output.count("SLURM sbatch failed") == 1


def test_a_node_without_the_environment_is_named_in_the_last_lines(training, cluster, fake_sbatch):
    fake_sbatch(ELSEWHERE, python=sys.executable)
    training.start(WEIGHTS, "--retries", "1", config=())
    assert training.ends() != 0
    assert training.jobs_of(cluster, "train") == 2  # another node may have it
    assert "/nowhere/bin/python: " in last_lines(training).replace("not found", "No such file")
    assert "no log" not in last_lines(training)
