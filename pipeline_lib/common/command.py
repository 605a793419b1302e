"""What the command lines of all steps share: flags, a log, progress, one-line errors."""

import argparse
import errno
import functools
import logging
import shlex
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

import yaml
from tqdm import tqdm

from pipeline_lib.common.errors import InputError

Item = TypeVar("Item")
log = logging.getLogger("pipeline_lib")


class _Formatter(argparse.ArgumentDefaultsHelpFormatter):
    """Show defaults, but only where there is one worth showing."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if action.required or action.default is None or action.default is False:
            return action.help
        return super()._get_help_string(action)


def step_parser(docstring: str | None, module: str) -> argparse.ArgumentParser:
    """Return the parser of a step from its module's ``__doc__`` and ``__name__``.

    The step is called like the last part of the module's name: ``python -m pipeline_lib <step>``.
    """
    parser = argparse.ArgumentParser(
        prog=f"python -m pipeline_lib {module.rpartition('.')[2]}",
        description=docstring,
        formatter_class=_Formatter,
    )
    parser.add_argument("--log", type=Path, help="also write the log here, the command line first")
    return parser


def option(text: str) -> tuple[str, object]:
    """Parse one ``key=value`` flag; the value is read as YAML (``width=0.25``, ``half_input=true``)."""
    key, separator, value = text.partition("=")
    if not separator or not key:
        raise argparse.ArgumentTypeError(f"'{text}' is not key=value")
    return key, yaml.safe_load(value)


def progress(items: Iterable[Item], label: str, total: int | None = None) -> Iterable[Item]:
    """Wrap ``items`` in a progress bar that is silent when stderr is no terminal."""
    return tqdm(items, desc=label, total=total, disable=None, leave=False, dynamic_ncols=True)


def command(
    make_parser: Callable[[], argparse.ArgumentParser],
) -> Callable[[Callable], Callable[..., int]]:
    """Turn ``run(arguments)`` into a ``main(argv=None)`` that returns the exit status.

    An InputError, a full disk or an unwritable folder is one line on stderr and status 1; anything
    else is a defect of ours and keeps its traceback.
    """

    def decorate(run: Callable[[argparse.Namespace], None]) -> Callable[..., int]:
        @functools.wraps(run)
        def main(argv: list[str] | None = None) -> int:
            parser = make_parser()
            arguments = parser.parse_args(argv)
            try:
                _start_log(arguments.log, parser.prog, sys.argv[1:] if argv is None else argv)
                run(arguments)
            except InputError as error:
                log.error("error: %s", error)
            except OSError as error:
                if error.errno not in _DISK_ERRORS:
                    log.exception("error: %s", error)
                else:
                    where = error.filename or "output"
                    log.error("error: %s: %s", where, _DISK_ERRORS[error.errno])
            except Exception:
                log.exception("error: a defect in this step, please report it")
            else:
                return 0
            return 1

        return main

    return decorate


_DISK_ERRORS = {
    errno.ENOSPC: "no space left on the disk; free some and rerun",
    errno.EDQUOT: "over the disk quota; free some space and rerun",
    errno.EROFS: "the folder is read-only; choose a results folder you can write to",
    errno.EACCES: "permission denied; check who owns the file or folder",
}


def _start_log(path: Path | None, program: str, argv: list[str]) -> None:
    logging.raiseExceptions = False  # a full disk is reported once, by the step, not per line
    log.handlers.clear()
    log.setLevel(logging.INFO)
    log.propagate = False
    log.addHandler(logging.StreamHandler(sys.stderr))
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        log.addHandler(logging.FileHandler(path, mode="w", encoding="utf-8"))
        log.handlers[-1].handle(
            log.makeRecord(log.name, logging.INFO, "", 0, f"{program} {shlex.join(argv)}", (), None)
        )
