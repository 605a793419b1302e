"""Flags of the steps about the run as a whole: preflight and the page."""

import json
import os
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path

from pipeline_lib.study.configuration.load import study_values
from pipeline_lib.study.configuration.networks import RELEASED
from pipeline_lib.study.configuration.root import Configuration
from pipeline_lib.study.flags.networks import weights_of
from pipeline_lib.study.hint import snakemake_command
from pipeline_lib.study.missing import missing_data, sets_of
from pipeline_lib.study.study import Study


def publish(study: Study) -> str:
    """What the page says of the study, and where its results are."""
    warning = study.configuration.warning
    flags = ["--study", study.name, "--results", study.paths.results]
    return shlex.join([*flags, *(["--warning", warning] if warning else [])])


def configurations(configuration: Configuration, studies: Path) -> str:
    """The study's configuration, and what its own file says."""
    own = study_values(configuration.study, studies)
    flags = {
        "--config": configuration.model_dump_json(exclude_unset=True),
        "--own": json.dumps(own),
    }
    return shlex.join(word for flag in flags.items() for word in flag)


def shared_folders(study: Study, scratch: str) -> list[str]:
    """The folders that jobs must see as the login node does."""
    data = [] if study.is_synthetic else [study.data_root]
    return [os.path.dirname(study.paths.results), *data, *([scratch] if scratch else [])]


def preflight(study: Study, outputs: Iterable[str]) -> str:
    """What the study needs to make ``outputs``, what of it is missing, and how to plan it."""
    flags = ["--plan-command", snakemake_command(study, "plan")]
    if study.configuration.gpu:
        flags += ["--gpus", str(most_gpus(study))]
    for line in missing_data(study, outputs):
        flags += ["--missing", line]
    if keys := sets_of(study):
        flags += ["--data-root", study.data_root, "--sets", *keys]
    libraries = [study.networks[name] for name in study.adopted]
    names = [each.library_name for each in libraries if each.source == "library"]
    names += [start for start in study.starts.values() if not start.startswith(RELEASED)]
    for name in dict.fromkeys(names):
        flags += ["--weights", f"{name}={''.join(weights_of(study, name))}"]
    return shlex.join(flags)


def most_gpus(study: Study) -> int:
    """The most GPUs on one node that a job asks for."""
    return study.configuration.training.processes if study.trained else 1


def left_out(reasons: Mapping[str, str]) -> str:
    """Why tables and figures are not on the page, by their titles."""
    words = (word for each in reasons.items() for word in ("--left-out", "=".join(each)))
    return shlex.join(words)
