"""What the command lines of steps that fit SVMs share."""

import argparse

from pipeline_lib.common.machine import add_threads, take_threads
from pipeline_lib.svm.protocol import SOLVERS
from pipeline_lib.svm.selection import COSTS


def add_flags(made: argparse.ArgumentParser) -> None:
    """Add the choice of a solver and of C, for ``fit_options``."""
    made.add_argument("--solver", choices=tuple(SOLVERS), default="batched")
    made.add_argument("--costs", type=float, nargs="+", default=COSTS, help="C to choose from")
    made.add_argument("--folds", type=int, default=3, help="of the cross-validation")
    made.add_argument("--seed", type=int, default=0, help="of the folds")
    add_threads(made)


def fit_options(arguments: argparse.Namespace) -> dict[str, object]:
    """Return what ``protocol.fit_trial`` is to be given, and hold its solver to the threads."""
    if arguments.solver == "batched":
        take_threads(arguments.threads)
    return {name: getattr(arguments, name) for name in ("solver", "costs", "folds", "seed")}
