"""Killed at any step and resumed, a run ends with the weights of one never killed, bit by bit."""

import shutil
import signal
import subprocess
import time

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

RUNS = {
    "dropout": ({"dropout": 0.5}, {}, []),
    "everything": (
        {"dropout": 0.5, "batch_norm": "true"},
        {"ema": 0.9, "accumulate": 2},
        ["--workers", "1"],
    ),
}


@pytest.fixture(scope="module", params=RUNS)
def command(request, flags):
    options, recipe, more = RUNS[request.param]
    return [*flags(options, **recipe), *more]


@pytest.fixture(scope="module")
def unbroken(command, launch, tmp_path_factory):
    folder = tmp_path_factory.mktemp("unbroken")
    run = launch(command, folder)
    assert run.wait() == [0], run.log
    return folder


def same_weights(folder, other):
    a, b = load_file(folder / "x.safetensors"), load_file(other / "x.safetensors")
    return set(a) == set(b) and all(torch.equal(a[name], b[name]) for name in a)


def same_history(read_history, folder, other):
    def learned(row):
        return [row[name] for name in ("step", "epoch", "loss", "accuracy", "rate")]

    return list(map(learned, read_history(folder))) == list(map(learned, read_history(other)))


def test_killed_at_random_steps_and_resumed(command, launch, unbroken, read_history, tmp_path):
    rng = np.random.default_rng(0)
    for step in sorted(rng.choice(np.arange(2, 20), 6, replace=False)):
        run = launch(command, tmp_path)
        run.wait_for_step(step)
        time.sleep(rng.uniform(0, 0.03))
        assert run.kill(signal.SIGKILL) == [-signal.SIGKILL]
        assert not (tmp_path / "x.safetensors").exists()
    run = launch(command, tmp_path)
    assert run.wait() == [0], run.log
    assert "resumed after step" in run.log
    assert same_weights(tmp_path, unbroken)
    assert same_history(read_history, tmp_path, unbroken)
    assert not (tmp_path / "checkpoints").exists()


def children(pid):
    listed = subprocess.run(["ps", "--ppid", str(pid), "-o", "pid="], capture_output=True)
    return [int(word) for word in listed.stdout.split()]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_asked_to_stop_it_saves_fails_and_resumes(
    command, launch, unbroken, read_history, tmp_path, number
):
    """A scheduler signals all of a job's processes, those that decode images too."""
    run = launch([*command, "--save-every", "1000"], tmp_path)
    while run.processes[0].is_alive() and len(read_rows(tmp_path)) < 3:
        time.sleep(0.002)
    for worker in children(run.processes[0].pid):
        subprocess.run(["kill", f"-{number.name}", str(worker)], check=True)
    assert run.kill(number) == [1]
    assert (
        f"stopped by {number.name} after step" in run.log.splitlines()[-2]
    )  # then: another attempt
    assert len(list((tmp_path / "checkpoints").glob("*.pt"))) == 1
    assert launch(command, tmp_path).wait() == [0]
    assert same_weights(tmp_path, unbroken)
    assert same_history(read_history, tmp_path, unbroken)


def read_rows(folder):
    path = folder / "history.csv"
    return path.read_text().splitlines() if path.exists() else []


def test_a_spent_budget_saves_fails_and_resumes(flags, launch, tmp_path):
    command = flags(epochs=2)
    run = launch([*command, "--budget", "0.0001"], tmp_path)
    assert run.wait() == [1]
    expected = "stopped after its budget of 0.0001 minutes at step 1; rerun to continue from here"
    assert expected in run.log.splitlines()[-2]  # then: another attempt
    assert launch(command, tmp_path / "unbroken").wait() == [0]
    run = launch(command, tmp_path)
    assert run.wait() == [0]
    assert "resumed after step 1" in run.log
    assert same_weights(tmp_path, tmp_path / "unbroken")


def test_checkpoints_of_other_images_are_not_resumed_from(flags, launch, tiny_world, tmp_path):
    """The manifest is the same, the images behind it are not."""
    other = tmp_path / "other"
    shutil.copytree(tiny_world, other)
    command = flags(epochs=2)
    run = launch(command, tmp_path)
    run.wait_for_step(2)
    assert run.kill(signal.SIGKILL) == [-signal.SIGKILL]
    for path in (other / "train").rglob("*.JPEG"):
        with Image.open(path) as image:
            image.rotate(180).save(path, "JPEG", quality=50)
    moved = [str(other) if flag == str(tiny_world) else flag for flag in command]
    run = launch(moved, tmp_path)
    assert run.wait() == [0]
    assert "resumed" not in run.log
