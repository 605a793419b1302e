"""The installed versions of Python and of the packages that results depend on."""

import platform
from importlib.metadata import PackageNotFoundError, version

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


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
