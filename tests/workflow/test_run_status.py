"""The status while Snakemake runs, fails and is killed."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipeline_lib.common.files import read_json
from pipeline_lib.scheduling.measured import MEASURED_FILE

pytestmark = pytest.mark.workflow
NETWORK = "results/mini/networks/AlexNet.safetensors"


@pytest.fixture(scope="module")
def study(workflow_files, tiny_config):
    """A tiny study that trains AlexNet for a minute; its images are drawn already."""
    training = {"pack": False, "save_every": 20, "recipe": {"epochs": 200, "batch": 4}}
    options = {"AlexNet": {"recipe": {"epochs": 200}, "options": {"width": 0.0625}}}
    networks = tiny_config["networks"] | options
    study = workflow_files("status", tiny_config | {"training": training, "networks": networks})
    done = study.run("results/mini/data/ilsvrc-train/images.csv")
    assert done.returncode == 0, done.stderr
    return study


@contextmanager
def running(study, *targets):
    """Run snakemake in the background, in a process group that is ended with the block."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "snakemake", "--cores", "1", *targets),
            *("--config", *study.flags),
        ],
        cwd=study.folder,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def status(study):
    """Return the exit status and everything that is printed."""
    done = subprocess.run(
        [sys.executable, "-m", "pipeline_lib", "status", "--results", "results/mini"],
        cwd=study.folder,
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout + done.stderr


def awaited(study, pattern, seconds=60):
    """Ask for the status until it matches."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        code, text = status(study)
        if re.search(pattern, text):
            return code, text
        time.sleep(0.5)
    raise AssertionError(text)


def trainer(study):
    """Return the process of the training job, as /proc knows it."""
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().split(b"\0")
            folder = (entry.parent / "cwd").readlink()
        except OSError:
            continue
        if b"train" in words and b"-m" in words and folder == study.folder.resolve():
            return int(entry.parent.name)
    raise AssertionError("no training runs")


def test_a_training_is_killed_then_its_snakemake_then_meets_a_bad_image(study):
    code, text = status(study)
    assert code == 0
    assert "2 done, 0 running, 0 failed, 0 to do" in text
    with running(study, NETWORK) as snakemake:
        progress = (
            r"train AlexNet: step \d+ of 2000, epoch [\d.]+ of 200, \d+ images/s, 0:\d\d:\d\d left"
        )
        code, text = awaited(study, progress)
        assert code == 0
        assert "Of 3 jobs: 2 done, 1 running, 0 failed" in text
        os.kill(trainer(study), signal.SIGKILL)
        assert snakemake.wait(60) != 0
    code, text = status(study)
    assert code == 1
    assert "train AlexNet: no error in its log; it was killed" in text

    with running(study, NETWORK) as snakemake:
        assert awaited(study, "train AlexNet: (step|resumed)")[0] == 0
        os.killpg(snakemake.pid, signal.SIGKILL)
    code, text = status(study)
    assert code == 1
    assert "train AlexNet: Snakemake died while it ran" in text
    assert study.run("--unlock").returncode == 0

    image = next((study.folder / "results/mini/world/ilsvrc/train").rglob("*.JPEG"))
    image.write_bytes(image.read_bytes()[:200])
    assert study.run(NETWORK).returncode != 0
    code, text = status(study)
    assert code == 1
    assert re.search(rf"train AlexNet\n .*/train/AlexNet.log\n(.*\n)*.*error: .*{image.name}", text)
    assert "Of 3 jobs: 2 done, 0 running, 1 failed, 0 to do." in text


def test_the_next_plan_uses_what_a_run_has_measured(tiny_study, workflow_files, tiny_config):
    file = tiny_study.folder / "results" / "mini" / MEASURED_FILE
    measured = read_json(file)
    assert {"train", "pack", "predict network/one-crop", "localize paper"} <= set(measured)
    assert all(each["seconds"] > 0 for each in measured.values())
    planned = workflow_files("planned", tiny_config)
    for given in (False, True):
        if given:
            shutil.copy(file, planned.folder / "results" / "mini")
        done = planned.run("plan")
        assert done.returncode == 0, done.stderr
        assert ("- as measured in earlier runs: " in done.stdout) == given
