"""Killed at any step and resumed, a run ends with the weights of one never killed, bit by bit."""

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from pipeline_lib.index import main as index


@pytest.fixture(scope="module")
def command(tiny_world, tmp_path_factory):
    """The command line of a run of 30 steps that saves after every second one."""
    manifest = tmp_path_factory.mktemp("manifest") / "images.csv"
    flags = ["--layout", "ilsvrc-train", "--root", str(tiny_world), "--images", str(manifest)]
    assert index(flags) == 0
    recipe = {"epochs": 5, "batch": 4, "rate": 0.02, "schedule": "cosine"}
    return [
        *(sys.executable, "-m", "pipeline_lib.train", "--name", "NIN", "--architecture", "nin"),
        *("--option", "width=0.125", "--option", "stem_pool=false", "--option", "dropout=0.5"),
        *(flag for key, value in recipe.items() for flag in ("--recipe", f"{key}={value}")),
        *("--images", str(manifest), "--root", str(tiny_world), "--warp", "120", "--crop", "112"),
        *("--threads", "1", "--save-every", "2"),
    ]


def run(command, folder, kill=None, after=1):
    """Run to the end, or send ``kill`` once ``after`` checkpoints have been seen."""
    flags = ["--checkpoints", str(folder / "checkpoints"), "--out", str(folder / "x.safetensors")]
    process = subprocess.Popen([*command, *flags], stderr=subprocess.PIPE, text=True)
    seen = set()
    while kill is not None and process.poll() is None and len(seen) < after:
        seen |= set((folder / "checkpoints").glob("*.pt"))
        time.sleep(0.005)
    if kill is not None:
        os.kill(process.pid, kill)
    _, errors = process.communicate()
    return process.returncode, errors


@pytest.fixture(scope="module")
def unbroken(command, tmp_path_factory):
    folder = tmp_path_factory.mktemp("unbroken")
    status, errors = run(command, folder)
    assert status == 0, errors
    return load_file(folder / "x.safetensors")


def same(a, b):
    return set(a) == set(b) and all(torch.equal(a[name], b[name]) for name in a)


def test_killed_twice_and_resumed(command, unbroken, tmp_path):
    for _ in range(2):
        status, _ = run(command, tmp_path, signal.SIGKILL, after=2)
        assert status == -signal.SIGKILL
        assert not (tmp_path / "x.safetensors").exists()
    status, errors = run(command, tmp_path)
    assert status == 0
    assert "resumed after step" in errors
    assert same(load_file(tmp_path / "x.safetensors"), unbroken)
    assert not (tmp_path / "checkpoints").exists()


def test_asked_to_stop_it_saves_fails_and_resumes(command, unbroken, tmp_path):
    status, errors = run(command, tmp_path, signal.SIGTERM)
    assert status == 1
    assert "stopped by SIGTERM" in errors.splitlines()[-1]
    status, _ = run(command, tmp_path)
    assert status == 0
    assert same(load_file(tmp_path / "x.safetensors"), unbroken)


def test_checkpoints_of_other_images_are_not_resumed_from(command, tiny_world, tmp_path):
    """The manifest is the same, the images behind it are not."""
    other = tmp_path / "other"
    shutil.copytree(tiny_world, other)
    status, _ = run(command, tmp_path, signal.SIGKILL, after=2)
    assert status == -signal.SIGKILL
    for path in (other / "train").rglob("*.JPEG"):
        with Image.open(path) as image:
            image.rotate(180).save(path, "JPEG", quality=50)
    moved = [str(other) if flag == str(tiny_world) else flag for flag in command]
    status, errors = run(moved, tmp_path)
    assert status == 0
    assert "resumed" not in errors
