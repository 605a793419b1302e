"""The published Caffe networks, without PyTorch."""

from functools import cache
from importlib.resources import files

import yaml


@cache
def released_networks() -> dict[str, dict]:
    """Return the published Caffe networks, entries of ``networks/caffe/released.yaml``."""
    text = files("pipeline_lib.networks.caffe").joinpath("released.yaml")
    return yaml.safe_load(text.read_text(encoding="utf-8"))
