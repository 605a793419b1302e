"""Errors that a user can act on."""


class InputError(Exception):
    """Wrong input. The message is one line: which file, what is wrong, what to do.

    No other attempt can mend it: Snakemake does not start such a job again.
    """


class AttemptError(InputError):
    """What one attempt of a job met, and another may not: a signal to stop, a node without its GPU."""
