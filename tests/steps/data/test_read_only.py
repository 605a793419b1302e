"""A data_root that nobody may write to: all but fetching works, and fetching says so in a line."""

import os
import subprocess
import sys

import pytest

from pipeline_lib.data.manifest import read_images
from tests.steps.data.layouts import plant


@pytest.fixture
def unprivileged():
    """Return a function that runs a step as one who may not write where the permissions forbid it."""
    words = []
    if os.geteuid() == 0:  # root may write anywhere, unless it gives up that capability
        words = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"]
        if subprocess.run([*words, "true"], capture_output=True).returncode:
            pytest.skip("setpriv is not here: root cannot give up its privileges")

    def run(*argv):
        command = [*words, sys.executable, "-m", "pipeline_lib", *map(str, argv)]
        return subprocess.run(command, capture_output=True, text=True)

    return run


@pytest.fixture
def data_root(tmp_path):
    """Three classes of Scene15, in folders without permission to write."""
    root = tmp_path / "data"
    names = [f"{label}/image_{n}.jpg" for label in ("a", "b", "c") for n in range(4)]
    plant(root / "scene_categories", names)
    folders = [root, *(path for path in root.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    yield root
    for folder in folders:
        folder.chmod(0o755)


def tree(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_reading_packing_and_checking_write_nothing_there(unprivileged, data_root, tmp_path):
    before, out = tree(data_root), tmp_path / "out"
    root = data_root / "scene_categories"
    for skip in ("refuse", "skip"):
        done = unprivileged(
            *("index", "--layout", "scene15", "--root", root, "--train", 2, "--unreadable", skip),
            *("--images", out / "images.csv", "--splits", out / "splits.csv"),
        )
        assert done.returncode == 0, done.stderr
    assert len(read_images(out / "images.csv")) == 12
    done = unprivileged(
        *(
            "pack",
            "--images",
            out / "images.csv",
            "--root",
            root,
            "--warp",
            16,
            "--out",
            out / "shards",
        )
    )
    assert done.returncode == 0, done.stderr
    assert unprivileged("check_data", "--data-root", data_root).returncode == 0
    assert unprivileged("fetch", "--set", "scene15", "--data-root", data_root).returncode == 0
    assert tree(data_root) == before


def test_fetching_what_is_missing_is_refused_in_one_line(unprivileged, data_root):
    done = unprivileged("fetch", "--set", "svt", "--data-root", data_root)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"error: {data_root / 'archives'}: permission denied; ")
