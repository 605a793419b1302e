"""Requests to stop a run: signals and a time budget, checked between steps."""

import signal
import time

BUDGET = 1  # kind of a request, like the signals' numbers, which are larger


class StopRequest:
    """Records SIGTERM and SIGUSR1, and the end of a budget of ``minutes`` from now on.

    The handlers only record the signal, because the current step has to be finished first. They stay
    installed, so that a second signal does not interrupt saving.
    """

    def __init__(self, minutes: float | None = None) -> None:
        self.minutes = minutes
        self._started = time.monotonic()
        self._signal = 0
        for number in (signal.SIGTERM, signal.SIGUSR1):
            signal.signal(number, self._record)

    def _record(self, number: int, _frame: object) -> None:
        self._signal = number

    @property
    def pending(self) -> int:
        """The kind of request, 0 for none; a number, so that processes can agree on the maximum."""
        if self._signal:
            return self._signal
        is_over = self.minutes is not None and time.monotonic() - self._started > 60 * self.minutes
        return BUDGET if is_over else 0

    def reason(self, kind: int, step: int) -> str:
        """Return the message to end with after ``step`` steps."""
        if kind == BUDGET:
            cause = f"after its budget of {self.minutes:g} minutes at step {step}"
        else:
            cause = f"by {signal.Signals(kind).name} after step {step}"
        return f"stopped {cause}; rerun to continue from here"
