"""Errors that a user can act on."""

import re

_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class InputError(Exception):
    """Wrong input. The message is one line: which file, what is wrong, what to do.

    No other attempt can mend it: Snakemake does not start such a job again.
    """


class AttemptError(InputError):
    """What one attempt of a job met, and another may not: a signal to stop, a node without its GPU."""


def reason_of(error: BaseException, length: int = 160) -> str:
    """Return why an error was raised: the first line of its message that says anything, plain text.

    An error without a message gives its type's name. Colour codes of terminals are left out.
    """
    lines = (line.strip() for line in _COLOURS.sub("", str(error)).splitlines())
    reason = next(filter(None, lines), type(error).__name__)
    return reason if len(reason) <= length else reason[: length - 1] + "…"
