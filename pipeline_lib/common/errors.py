"""The error that a user can fix."""


class InputError(Exception):
    """Wrong input. The message is one line: which file, what is wrong, what to do."""
