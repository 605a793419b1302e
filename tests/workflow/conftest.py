"""The workflow, run for real on a tiny study, in a folder of its own."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

TINY = {
    "world": {"train_images": 40, "val_images": 24, "test_images": 6, "seed": 1},
    "ilsvrc": {"val_images": 24},
    "training": {"pack": True, "save_every": 2, "recipe": {"epochs": 1, "batch": 8}},
    "networks": dict.fromkeys(
        ("GoogLeNet", "GoogLeNet-GMP", "VGGnet", "VGGnet-GAP", "NIN", "AlexNet-GAP"), False
    ),
    "transfer": {
        "networks": ["GoogLeNet-GAP"],
        "sets": ["CUB-200-2011", "SUN397", "SUN Attribute", "Event8"],
        "splits": 2,
        "costs": [0.01, 1],
    },
    "discovery": {"sets": ["scenes", "text"]},
    "map_methods": {"methods": ["cam", "grad-cam", "eigen-cam", "smooth-grad"], "gradients": 2},
    "scenes": {"draws": 200},
    "units": {"top": 3, "shown": 2, "count": 1, "occluded": 1, "occluder": 44, "stride": 44},
}


@dataclass(frozen=True)
class Workflow:
    """A copy of the workflow's files in ``folder``; ``flags`` are given to every run.

    ``account`` is what its run with ``--logger chapters`` has printed, if it has had one.
    """

    folder: Path
    flags: tuple[str, ...]
    account: str = ""

    def run(self, *arguments: str, **config: object) -> subprocess.CompletedProcess:
        """Run snakemake; ``config`` goes over the tiny study's."""
        given = [f"{key}={json.dumps(value)}" for key, value in config.items()]
        return self.call("--cores", "2", *arguments, "--config", *self.flags, *given)

    def call(self, *words: str) -> subprocess.CompletedProcess:
        """Run snakemake with these words alone."""
        return subprocess.run(
            [sys.executable, "-m", "snakemake", *words],
            cwd=self.folder,
            env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
        )

    def planned(self, *arguments: str, **config: object) -> dict[str, int]:
        """Return what a run would do: the number of jobs by rule."""
        done = self.run("-n", *arguments, **config)
        assert done.returncode == 0, done.stdout + done.stderr
        jobs = {}
        for line in (done.stdout + done.stderr).splitlines():
            words = line.split()
            if len(words) == 2 and words[0].isidentifier() and words[1].isdigit():
                jobs[words[0]] = int(words[1])
        total = jobs.pop("total", 0)
        assert sum(jobs.values()) == total, done.stdout + done.stderr
        assert jobs or "Nothing to be done" in done.stdout + done.stderr
        return jobs


@pytest.fixture(scope="session")
def workflow_files(repository, tmp_path_factory):
    """Return a function that copies the workflow into a fresh folder."""

    def copy(name: str, config: dict) -> Workflow:
        folder = tmp_path_factory.mktemp(name)
        for part in ("Snakefile", "config.yaml"):
            shutil.copy(repository / part, folder)
        for part in ("workflow", "envs", "profiles"):
            shutil.copytree(repository / part, folder / part)
        for package in ("pipeline_lib", "snakemake_logger_plugin_chapters"):
            (folder / package).symlink_to(repository / package)
        return Workflow(
            folder, tuple(f"{key}={json.dumps(value)}" for key, value in config.items())
        )

    return copy


@pytest.fixture(scope="session")
def tiny_config() -> dict:
    """What goes over the mini study to make it tiny."""
    return TINY


@pytest.fixture(scope="session")
def tiny_study(workflow_files, tiny_config) -> Workflow:
    """The tiny study, run to the end."""
    workflow = workflow_files("tiny", tiny_config)
    done = workflow.run("--logger", "chapters")
    assert done.returncode == 0, done.stdout + done.stderr
    return replace(workflow, account=done.stderr)
