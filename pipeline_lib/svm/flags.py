"""The flags that all steps share that fit SVMs."""

import argparse

from pipeline_lib.common.machine import add_threads_flag, limit_threads, open_device
from pipeline_lib.study.configuration.flags import add_settings, read_settings
from pipeline_lib.study.configuration.transfer import SvmConfig


def add_svm_flags(parser: argparse.ArgumentParser) -> None:
    """Add a flag for each key of ``SvmConfig``, ``--seed`` and ``--threads``."""
    add_settings(parser, SvmConfig)
    parser.add_argument("--seed", type=int, default=0, help="random seed of the folds")
    add_threads_flag(parser)


def read_svm_flags(arguments: argparse.Namespace) -> SvmConfig:
    """Return the settings that were given; limit PyTorch's threads if the solver uses PyTorch."""
    settings = read_settings(arguments, SvmConfig)
    if settings.solver == "batched":
        limit_threads(arguments.threads)
    return settings


def open_solvers_device(settings: SvmConfig) -> None:
    """Open the device if the solver uses one. Raises InputError for a GPU that is not there."""
    if settings.solver == "batched":
        open_device()
