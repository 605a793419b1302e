"""The error a user can do something about."""


class InputError(Exception):
    """Bad input. The message is one line: which file, what is wrong, what to do."""
