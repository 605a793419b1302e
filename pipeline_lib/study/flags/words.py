"""Words of a command line."""

import os
import shlex
from collections.abc import Mapping

import yaml


def existing(*paths: str) -> list[str]:
    """Return the paths that are there: a step explains what is missing better than Snakemake."""
    return [path for path in paths if os.path.exists(path)]


def pairs(flag: str, values: Mapping[str, object]) -> str:
    """Return `flag key=value` for each item, quoted for the shell, values as YAML in one line."""
    texts = (f"{key}={_yaml(value)}" for key, value in values.items())
    return " ".join(f"{flag} {shlex.quote(text)}" for text in texts)


def _yaml(value: object) -> str:
    plain = list(value) if isinstance(value, tuple) else value
    return yaml.safe_dump(plain, default_flow_style=True, width=1000).removesuffix("...\n").strip()
