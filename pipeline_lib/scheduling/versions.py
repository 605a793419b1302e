"""The installed versions of Python and of the packages that results depend on."""

import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = (
    "torch",
    "torchvision",
    "timm",
    "numpy",
    "scikit-learn",
    "h5py",
    "opencv-python-headless",
    "snakemake",
    "snakemake-executor-plugin-slurm",
)


def versions() -> dict[str, str]:
    """Return the versions by name; "" for a package that is not installed."""
    return {"python": platform.python_version(), **{name: _version(name) for name in PACKAGES}}


def code_version(folder: Path) -> str:
    """Return this package's version and, if ``folder`` is in a git checkout, the commit.

    The commit has a + if files that git knows differ from it.
    """
    own = _version("cam-reproduction")
    try:
        commit = _git(folder, "rev-parse", "HEAD")
        changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):  # no git, or no checkout
        return own
    return f"{own}, commit {commit}{'+' if changed else ''}"


def _git(folder: Path, *words: str) -> str:
    command = ["git", "-C", str(folder), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
