"""A plan is made in seconds: nothing is imported that takes long and that a plan does not need."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.workflow
SLOW = {"torch", "torchvision", "timm", "scipy", "matplotlib", "h5py", "sklearn"}


@pytest.mark.parametrize("study", ["mini", "small", "paper", "tiny"])
def test_a_plan_of_a_study_imports_no_slow_library(repository, tmp_path, study):
    words = ["-n", "all", "--config", f"study={study}", f"results={tmp_path / 'results'}"]
    words += [f"data_root={tmp_path}"] if study in ("small", "paper") else []
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "snakemake", "--quiet", *words],
        cwd=repository,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    imported = {line.rsplit("|", 1)[1].strip() for line in lines}
    assert "pipeline_lib.networks.available" in imported
    assert not imported & SLOW
