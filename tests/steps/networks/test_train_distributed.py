"""Two processes against one, and two processes killed against two never killed."""

import signal
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file

from tests.training.alike import assert_alike


def weights(folder):
    return load_file(folder / "x.safetensors")


def curve(read_history, folder, *names):
    return [[row[name] for name in names] for row in read_history(folder)]


@pytest.fixture(scope="module")
def plain(flags):
    """Without dropout and batch norm, which see their own process's samples only."""
    return [*flags({"dropout": 0}, epochs=4, rate=0.005), "--log-every", "1"]


@pytest.fixture(scope="module")
def alone(plain, launch, tmp_path_factory):
    folder = tmp_path_factory.mktemp("alone")
    assert launch(plain, folder).wait() == [0]
    return folder


def assert_as_alone(read_history, folder, alone):
    """The last bits differ by machine, and grow from step to step: what is wrong shows at once."""
    names = ("step", "loss", "accuracy", "rate", "epoch")
    ours, theirs = curve(read_history, folder, *names), curve(read_history, alone, *names)
    assert len(theirs) == 24
    ours, theirs = torch.tensor(ours).split([3, 21]), torch.tensor(theirs).split([3, 21])
    torch.testing.assert_close(ours[0], theirs[0], rtol=0, atol=1e-4)
    torch.testing.assert_close(ours[1], theirs[1], rtol=0, atol=3e-2)
    assert_alike(weights(folder), weights(alone))


def test_torchrun_with_two_processes_learns_what_one_does(plain, alone, read_history, tmp_path):
    outputs = ["--checkpoints", "checkpoints", "--out", "x.safetensors", "--history", "."]
    # Without the bare "--", torchrun would take --log and --start for abbreviations of its own.
    torchrun = ["torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "--"]
    command = [
        sys.executable,
        "-m",
        *torchrun,
        "pipeline_lib",
        "train",
        *plain,
        *outputs,
    ]
    run = subprocess.run(
        [*command, "--log", "log"], cwd=tmp_path, capture_output=True, text=True, timeout=200
    )
    assert run.returncode == 0, run.stderr
    assert_as_alone(read_history, tmp_path, alone)
    log = (tmp_path / "log").read_text().splitlines()
    assert log[0].startswith("python -m pipeline_lib train --name NIN")
    assert [line for line in log if "wrote" in line] == [log[-1]]
    assert run.stderr.count("NIN: wrote") == 1
    assert not (tmp_path / "checkpoints").exists()


def test_pieces_of_a_batch_in_two_processes_give_what_one_piece_does(
    plain, alone, launch, read_history, tmp_path
):
    run = launch([*plain, "--recipe", "accumulate=2"], tmp_path, processes=2)
    assert run.wait() == [0, 0], run.log
    assert_as_alone(read_history, tmp_path, alone)


def test_two_processes_killed_twice_give_what_two_never_killed_do(
    flags, launch, read_history, tmp_path
):
    """Dropout shows whether each process goes on with its own random numbers."""
    command = flags({"dropout": 0.5}, ema=0.5)
    unbroken, killed = tmp_path / "unbroken", tmp_path / "killed"
    assert launch(command, unbroken, processes=2).wait() == [0, 0]
    for step in (5, 16):
        run = launch(command, killed, processes=2)
        run.wait_for_step(step)
        assert run.kill(signal.SIGKILL) == [-signal.SIGKILL] * 2
    run = launch(command, killed, processes=2)
    assert run.wait() == [0, 0]
    assert "resumed after step" in run.log
    names = ("step", "loss", "accuracy")
    assert curve(read_history, killed, *names) == curve(read_history, unbroken, *names)
    for name, tensor in weights(unbroken).items():
        assert torch.equal(weights(killed)[name], tensor), name


def test_a_stop_that_one_process_hears_of_ends_both_and_is_resumed_by_one(
    plain, launch, alone, read_history, tmp_path
):
    run = launch([*plain, "--workers", "1"], tmp_path, processes=2)
    run.wait_for_step(4)
    run.processes[1].terminate()
    assert run.wait() == [1, 1]
    assert "stopped by SIGTERM after step" in run.log.splitlines()[-2]  # then: another attempt
    run = launch(plain, tmp_path)
    assert run.wait() == [0]
    assert "begun by 2 processes, resumed by 1" in run.log
    assert_as_alone(read_history, tmp_path, alone)
