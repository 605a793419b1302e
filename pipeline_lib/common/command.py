"""The command line that all steps share: flags, a log, progress bars, one-line errors."""

import argparse
import contextlib
import errno
import functools
import logging
import os
import re
import shlex
import sys
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NoReturn, TypeVar

import yaml
from tqdm import tqdm

from pipeline_lib.common.errors import AttemptError, InputError
from pipeline_lib.common.nearest import nearest

Item = TypeVar("Item")
log = logging.getLogger("pipeline_lib")
LOG_ONLY = (
    "CAM_LOG_ONLY"  # environment variable: steps with a log print nothing, their log has it all
)
WARNING = "warning: "  # begins the line of a warning in a log


class _Formatter(argparse.ArgumentDefaultsHelpFormatter):
    """Show defaults, except None, False and the empty list."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        default = action.default
        if action.required or default is None or default is False or default == []:
            return action.help
        return super()._get_help_string(action)


def step_parser(docstring: str | None, module: str) -> argparse.ArgumentParser:
    """Return the parser of a step from its module's ``__doc__`` and ``__name__``.

    The step has the name of its module: ``python -m pipeline_lib <step>``.
    """
    parser = argparse.ArgumentParser(
        prog=f"python -m pipeline_lib {module.rpartition('.')[2]}",
        description=docstring,
        formatter_class=_Formatter,
    )
    parser.add_argument("--log", type=Path, help="also write the log here, the command line first")
    return parser


def option(text: str) -> tuple[str, object]:
    """Parse a ``key=value`` flag; the value is read as YAML (``width=0.25``, ``half_input=true``)."""
    key, separator, value = text.partition("=")
    if not separator or not key:
        raise argparse.ArgumentTypeError(f"'{text}' is not key=value")
    return key, yaml.safe_load(value)


def progress(items: Iterable[Item], label: str, total: int | None = None) -> Iterable[Item]:
    """Wrap ``items`` in a progress bar; none is drawn off a terminal, or where only logs are written."""
    silent = True if os.environ.get(LOG_ONLY) else None
    return tqdm(items, desc=label, total=total, disable=silent, leave=False, dynamic_ncols=True)


def command(
    make_parser: Callable[[], argparse.ArgumentParser],
) -> Callable[[Callable], Callable[..., int]]:
    """Turn ``run(arguments)`` into a ``main(argv=None)`` that returns the exit status.

    An InputError, a full disk or an unwritable folder gives one line on stderr and status 1; any other
    exception is a bug, gives its traceback, that line and status 1. ``ends_for_good`` reads from the
    log whether another attempt can do better.
    """

    def decorate(run: Callable[[argparse.Namespace], None]) -> Callable[..., int]:
        @functools.wraps(run)
        def main(argv: list[str] | None = None) -> int:
            argv = sys.argv[1:] if argv is None else argv
            parser = make_parser()
            arguments = _parse(parser, argv)
            try:
                _start_log(arguments.log, parser.prog, argv)
                run(arguments)
            except BrokenPipeError:  # of `| head`: nobody reads on
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                return 1
            except Exception as error:
                _report(error)
                return 1
            return 0

        return main

    return decorate


def ends_for_good(log_text: str) -> bool:
    """Tell whether a step's log ends with an error that no other attempt can mend."""
    return (log_text.rstrip().splitlines() or [""])[-1].startswith("error: ")


TRY_AGAIN = "Another attempt may do better."  # the line after an error that a retry can mend


def _report(error: Exception) -> None:
    message, may_pass = str(error), isinstance(error, AttemptError)
    if isinstance(error, OSError) and error.errno in _DISK_ERRORS:
        message = f"{error.filename or 'output'}: {_DISK_ERRORS[error.errno]}"
    elif not isinstance(error, InputError):
        log.error("%s", "".join(traceback.format_exception(error)).rstrip())
        message = f"a bug in this step, please report it: {type(error).__name__}: {error}"
        # Broken connections, devices and child processes are among these, and CUDA's errors; a
        # missing file stays missing.
        may_pass = isinstance(error, OSError | MemoryError | RuntimeError | EOFError)
        may_pass = may_pass and not isinstance(error, FileNotFoundError)
    log.error("error: %s", " ".join(message.splitlines()))
    if may_pass:
        log.info(TRY_AGAIN)


_DISK_ERRORS = {
    errno.ENOSPC: "no space left on the disk; free some and rerun",
    errno.EDQUOT: "over the disk quota; free some space and rerun",
    errno.EROFS: "read-only; choose a folder that you can write to",
    errno.EACCES: "permission denied; check who owns the file or folder",
}


class _Printable(logging.Formatter):
    """Mark warnings; print what is not UTF-8, in names of files, as its code: else it would be lost."""

    def format(self, record: logging.LogRecord) -> str:
        mark = WARNING if record.levelno == logging.WARNING else ""
        return f"{mark}{super().format(record)}".encode(errors="backslashreplace").decode()


def _parse(parser: argparse.ArgumentParser, argv: list[str]) -> argparse.Namespace:
    """Return the flags; wrong ones end the process, and are in the log as well if it is named."""

    def refuse(message: str) -> NoReturn:
        message += _hint(message, parser)
        only_log = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
        only_log.add_argument("--log", type=Path)
        path = only_log.parse_known_args(argv)[0].log
        with contextlib.suppress(OSError, AttributeError):  # no place for it, no log asked for
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(
                f"{parser.prog} {shlex.join(argv)}\nerror: {message}\n", encoding="utf-8"
            )
        argparse.ArgumentParser.error(parser, message)

    parser.error = refuse
    return parser.parse_args(argv)


def _hint(message: str, parser: argparse.ArgumentParser) -> str:
    """Return which choice or flag was meant by the wrong one in a message of argparse, or ""."""
    if choice := re.search(r"invalid choice: '([^']*)' \(choose from (.*)\)", message):
        return nearest(choice[1], re.findall(r"[^\s',]+", choice[2]))
    if flag := re.match(r"unrecognized arguments: (--[^\s=]+)", message):
        return nearest(flag[1], parser._option_string_actions)
    return ""


def _start_log(path: Path | None, program: str, argv: list[str]) -> None:
    logging.raiseExceptions = False  # the step reports a full disk once; the log must not repeat it
    log.handlers.clear()
    log.setLevel(logging.INFO)
    log.propagate = False
    if path is None or not os.environ.get(LOG_ONLY):
        log.addHandler(logging.StreamHandler(sys.stderr))
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        log.addHandler(logging.FileHandler(path, mode="w", encoding="utf-8"))
    for handler in log.handlers:
        handler.setFormatter(_Printable())
    if path is not None:
        log.handlers[-1].handle(
            log.makeRecord(log.name, logging.INFO, "", 0, f"{program} {shlex.join(argv)}", (), None)
        )
    logging.captureWarnings(True)  # of libraries: into the log as well
    of_libraries = logging.getLogger("py.warnings")
    of_libraries.handlers, of_libraries.propagate = log.handlers, False
